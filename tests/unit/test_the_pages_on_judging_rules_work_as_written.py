"""docs/explain.md, docs/backtest-rules.md and docs/promote-rules.md: their files, commands, and what one sees.

REMEDIATOR_WRITE_GOLDEN=1 writes what one sees anew: then read the difference.
"""

import os
import re
import shlex
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from fakes.evidence import observed
from typer.testing import CliRunner

from remediator.cli import application

DOCS = Path(__file__).parents[2] / "docs"
PART = re.compile(
    r"<!-- (?P<said>example|file): (?P<file>\S+) -->\n```\w+\n(?P<text>.*?)^```\n"
    r"|^```sh\n(?P<command>[^\n]*)\n```\n(?:\n```text\n(?P<seen>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)
CODES = {"explain.md": [0, 3], "backtest-rules.md": [0, 0], "promote-rules.md": [0, 0, 0, 1]}


def steady(text):
    """What depends on the time of day is the same each time."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(in [^)]*\)", "2026-01-05 10:00:00 UTC (in 1m)", text)
    return re.sub(r"seen for \S+;", "seen for 0s;", text)


@pytest.mark.parametrize("name", CODES)
def test_it_works(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    if name == "promote-rules.md":
        db = sqlite3.connect(tmp_path / "remediator.db", isolation_level=None)
        observed(db, "web-down", count=12, recovered=3, days=8)
        db.close()
    page, codes = (DOCS / name).read_text("utf-8"), []
    for part in PART.finditer(page):
        if part["file"]:
            (tmp_path / part["file"]).write_text(part["text"], "utf-8")
            continue
        program, *words = shlex.split(part["command"])
        if program == "sed":
            shutil.copytree("rules", "old")
            subprocess.run([program, *words], check=True)
            continue
        came = CliRunner().invoke(application, words)
        assert came.exception is None or isinstance(came.exception, SystemExit), came.exception
        codes.append(came.exit_code)
        seen = steady(came.output)
        if os.environ.get("REMEDIATOR_WRITE_GOLDEN"):
            page = page.replace(part[0], part[0].replace(f"```text\n{part['seen']}", f"```text\n{seen}"), 1)
        else:
            assert seen == part["seen"]
    if os.environ.get("REMEDIATOR_WRITE_GOLDEN"):
        (DOCS / name).write_text(page, "utf-8")
    assert codes == CODES[name]
