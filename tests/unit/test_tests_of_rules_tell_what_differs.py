"""What is told of tests that do not pass. REMEDIATOR_WRITE_GOLDEN=1 writes it anew: then read the difference."""

import os
import re
from pathlib import Path

import pytest

from remediator.rehearsal.session import Session

GOLDEN = Path(__file__).parent / "golden_rule_tests"
NAMES = sorted(path.stem.removesuffix("_test") for path in GOLDEN.glob("*_test.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_it_reads_as_its_golden(name, monkeypatch):
    monkeypatch.chdir(GOLDEN)
    said = []
    session = Session()
    session.run([Path(f"{name}_test.yaml")], said.append)
    shown = "\n".join([*said, re.sub(r"in [\d.]+s$", "in 0.00s", session.summary())]) + "\n"
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("REMEDIATOR_WRITE_GOLDEN"):
        golden.write_text(shown, "utf-8")
    assert shown == golden.read_text("utf-8")
    assert session.failed


def test_every_golden_has_its_test():
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(NAMES)
