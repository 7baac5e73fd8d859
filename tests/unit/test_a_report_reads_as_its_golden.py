"""The golden reports are what people read. REMEDIATOR_WRITE_GOLDEN=1 writes them anew: then read the difference."""

import os
from pathlib import Path

import pytest
from fakes.run_views import EXAMPLES

from remediator.interfaces.markdown import to_markdown
from remediator.interfaces.report import compose

GOLDEN = Path(__file__).parent / "golden_reports"


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_report_reads_as_its_golden(name):
    shown = to_markdown(compose(EXAMPLES[name]()))
    golden = GOLDEN / f"{name}.md"
    if os.environ.get("REMEDIATOR_WRITE_GOLDEN"):
        golden.write_text(shown, encoding="utf-8")
    assert shown == golden.read_text(encoding="utf-8")


def test_every_golden_has_its_run():
    assert {path.stem for path in GOLDEN.glob("*.md")} == set(EXAMPLES)
