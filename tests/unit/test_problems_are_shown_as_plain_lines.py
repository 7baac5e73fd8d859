"""What a rule file, or the name of one, holds is shown in every style; a terminal does not obey it."""

import json
from pathlib import Path

import pytest

from remediator.core.problems import Problem
from remediator.interfaces.documents import problem_at, read_document
from remediator.interfaces.problem_output import STYLES, show

HOSTILE = "a\x1b[31m\nforged\x85\x9b2J\u2028\u202e"
PROBLEM = Problem(f"no {HOSTILE}", f"{HOSTILE}.yaml", 1, 2, "rules: [x]", f"known here: {HOSTILE}")


@pytest.mark.parametrize("style", STYLES)
def test_only_our_own_lines(style):
    lines = show([PROBLEM], style, Path("/")).split("\n")
    assert all(line.isprintable() for line in lines)
    assert not any(line.startswith("forged") for line in lines)


def test_json_says_what_it_was():
    (found,) = json.loads(show([PROBLEM], "json", Path("/")))
    assert found["message"] == PROBLEM.message


def test_the_caret_stands_under_what_cannot_be_seen():
    document = read_document('a: "x\u200b\u2067y"\n', "a.yaml")
    said = str(problem_at(document, ("a",), "wrong"))
    assert '    a: "x\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}y"\n       ^' in said
