"""docs/testing-rules.md: its files, its commands one after the other, and what it says that one sees.

REMEDIATOR_WRITE_GOLDEN=1 writes what one sees anew: then read the difference.
"""

import os
import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from remediator.cli import application
from remediator.rehearsal.documents import AnswerText
from remediator.rehearsal.session import Session

PAGE = Path(__file__).parents[2] / "docs/testing-rules.md"
#: A file, by the comment before it.
FILE = re.compile(r"<!-- example: ([^\n]*) -->\n```yaml\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
#: A command, and what one sees.
COMMAND = re.compile(r"^```sh\n(remediator .*?)\n```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
FAILING = {1, 4}  #: the commands that do not pass


class Reader:
    """Somebody who does what the page says, in a folder of the test's."""

    def __init__(self, home):
        self.home = home
        (home / "rules").mkdir()
        self.commands = 0

    def takes(self, said, text):
        name = self.home / said.split()[-1]
        if said.startswith("end of "):
            assert name.read_text("utf-8").endswith(text)
        elif said.startswith("more of "):
            name.write_text(f"{name.read_text('utf-8')}\n{text}", "utf-8")
        elif said.startswith("rules/"):
            name.write_text(text, "utf-8")

    def types(self, line):
        """Return what one sees."""
        self.commands += 1
        came = CliRunner().invoke(application, shlex.split(line)[1:])
        assert came.exit_code == (self.commands in FAILING), came.output
        return re.sub(r"in \d+\.\d\ds$", "in 0.02s", came.output, flags=re.MULTILINE)


def test_it_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    reader, page = Reader(tmp_path), PAGE.read_text("utf-8")
    parts = sorted([*FILE.finditer(page), *COMMAND.finditer(page)], key=lambda part: part.start())
    for part in parts:
        if part.re is FILE:
            reader.takes(*part.groups())
            continue
        if reader.commands == max(FAILING):  # the last test is corrected, as the page says
            Session(update=True).run([tmp_path / "rules"], print)
        seen = reader.types(part[1])
        if os.environ.get("REMEDIATOR_WRITE_GOLDEN") and part[2] is not None:
            page = page.replace(part[0], part[0].replace(f"```text\n{part[2]}", f"```text\n{seen}"), 1)
        elif part[2] is not None:
            assert seen == part[2]
    if os.environ.get("REMEDIATOR_WRITE_GOLDEN"):
        PAGE.write_text(page, "utf-8")
    assert reader.commands == 5
    assert (tmp_path / "results.xml").exists()


@pytest.mark.parametrize(("pack", "tests"), [("web.yaml", "people"), ("shop.yaml", "meanwhile")])
def test_what_people_do_can_be_played(tmp_path, pack, tests):
    files = dict(FILE.findall(PAGE.read_text("utf-8")))
    (tmp_path / pack).write_text(files[f"rules/{pack}"])
    (tmp_path / f"{tests}_test.yaml").write_text(files[tests])
    said = []
    Session().run([tmp_path], said.append)
    assert said == []


@pytest.mark.parametrize("answer", re.findall(r"`(\{(?:outputs|fails|hangs).*?\})`", PAGE.read_text("utf-8")))
def test_an_answer_can_be_written_so(answer):
    AnswerText.model_validate(yaml.safe_load(answer))
