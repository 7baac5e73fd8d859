"""Every ``remediator …`` and ``make …`` line in README and docs/ is a command with the options that it has."""

import contextlib
import functools
import io
import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from remediator.cli import application

ROOT = Path(__file__).parents[2]
COMMAND = get_command(application)
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: Beside fenced blocks: indented lines, and code in a sentence.
SAID = re.compile(r"^ {4}((?:remediator|make) .*)$|`((?:remediator|make) [^`]+)`", re.MULTILINE)
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def commands():
    for page in PAGES:
        text = page.read_text("utf-8")
        lines = [line for language, code in FENCE.findall(text) if language == "sh" for line in code.splitlines()]
        lines += [indented or spoken for indented, spoken in SAID.findall(FENCE.sub("", text))]
        for line in dict.fromkeys(re.sub(r"\s+# .*", "", line) for line in lines):
            if line.startswith(("remediator ", "make ")):
                yield pytest.param(line, id=f"{page.name}: {line}")


@functools.cache
def code_of(*words):
    # Options are read before help is shown, and nothing is run after it.
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), pytest.raises(SystemExit) as ended:
        COMMAND.main([*words, "--help"], "remediator")
    return ended.value.code


@pytest.mark.parametrize("line", list(commands()))
def test_it_exists(line):
    program, *words = shlex.split(line)
    if program == "make":
        assert set(words) <= TARGETS
    else:
        assert code_of(*words) == 0


@pytest.mark.parametrize("words", [["runs", "frobnicate"], ["check", "--frobnicate"], ["frobnicate"]])
def test_what_does_not_exist_is_found(words):
    assert code_of(*words) == 2
