"""What stands beside the shipped packs, as their users run it: ``remediator test rules``."""

from pathlib import Path

import pytest
from fakes.forking import run

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("file", sorted(ROOT.glob("rules/**/*_test.yaml")), ids=lambda file: file.stem)
def test_they_pass(file):
    done = run("test", file, cwd=ROOT, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
