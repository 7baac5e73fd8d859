"""What nobody foresaw is no fault of who typed: it is called a defect, and can be looked into."""

import sys

import pytest

from remediator.cli import endings
from remediator.errors import RemediatorError


def defect():
    return {}["missing"]


@pytest.fixture
def ended(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["remediator", "runs"])

    def run(command):
        with pytest.raises(SystemExit) as caught:
            endings.run(command)
        return caught.value.code, capsys.readouterr().err

    return run


def test_in_one_line_that_says_how_to_see_more(ended):
    code, said = ended(defect)
    assert (code, said.count("\n")) == (1, 1)
    assert said.startswith("remediator: a defect of remediator: KeyError: 'missing' (")
    assert "test_a_defect_is_called_one.py:" in said
    assert "REMEDIATOR_TRACEBACK=1" in said


def test_the_whole_when_that_is_wanted(ended, monkeypatch):
    monkeypatch.setenv("REMEDIATOR_TRACEBACK", "1")
    code, said = ended(defect)
    assert code == 1
    assert "Traceback (most recent call last)" in said
    assert 'return {}["missing"]' in said


def test_the_whole_of_a_daemon(ended, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["remediator", "serve", "--log.level", "debug"])
    assert "Traceback (most recent call last)" in ended(defect)[1]


def test_what_was_foreseen_is_none(ended):
    def foreseen():
        raise RemediatorError("the disk is full")

    assert ended(foreseen) == (1, "remediator: the disk is full\n")


def test_an_end_that_was_asked_for_is_kept(ended):
    assert ended(lambda: sys.exit(3)) == (3, "")
