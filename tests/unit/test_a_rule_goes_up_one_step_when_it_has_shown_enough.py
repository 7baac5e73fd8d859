"""Evidence is read from rows, thresholds name what is missing, and a file changes by one word."""

import sqlite3

import pytest
from fakes.evidence import add, asked, observed

from remediator.core.promotion import Evidence, Thresholds, missing
from remediator.core.transitions import Mode
from remediator.engine.clock import SystemClock
from remediator.errors import ConfigurationError
from remediator.interfaces.rule_files.promoting import with_mode
from remediator.store import evidence
from remediator.store.sqlite import Tx

WANTED = Thresholds()


def read(fill):
    db = sqlite3.connect(":memory:", isolation_level=None)
    try:
        fill(db)
        return evidence.read(Tx(db)).get("r", Evidence("r"))
    finally:
        db.close()


def lacks(fill, mode):
    return missing(read(fill), mode, WANTED, SystemClock().now())


def test_observing_is_counted():
    found = read(lambda db: observed(db, "r", count=12, recovered=5))
    assert (found.runs, found.would_run, found.recovered_first, found.repeats) == (12, 12, 5, 0)


def test_answers_and_verifications_are_counted():
    found = read(lambda db: asked(db, "r", approved=9, refused=3, verified=8))
    assert (found.asked, found.approved, found.refused, found.acted, found.verified) == (12, 9, 3, 9, 8)
    assert found.escalated == 1


def test_the_same_target_within_a_day_is_a_repeat():
    def fill(db):
        observed(db, "r", count=0)
        for number in range(4):
            add(db, "r", number, 4, 1, status="observed", reason="would do x", target="host/a")

    assert read(fill).repeats == 3


@pytest.mark.parametrize(
    ("fill", "mode", "said"),
    [
        (lambda db: observed(db, "r", count=12), Mode.OBSERVE, []),
        (lambda db: observed(db, "r", count=9), Mode.OBSERVE, ["9 runs"]),
        (lambda db: observed(db, "r", count=12, days=6), Mode.OBSERVE, ["seen for"]),
        (lambda db: observed(db, "r", count=12, recovered=7), Mode.OBSERVE, ["7 of 12 recovered"]),
        (lambda db: asked(db, "r", approved=12, verified=12), Mode.ASK, []),
        (lambda db: asked(db, "r", approved=12, refused=3, verified=12), Mode.ASK, ["12 of 15 approved"]),
        (lambda db: asked(db, "r", approved=12, verified=9), Mode.ASK, ["9 of 12 verified"]),
        (lambda db: observed(db, "r", count=12), Mode.ASK, ["0 runs", "seen for", "nothing was changed"]),
        (lambda db: asked(db, "r", approved=12, verified=12), Mode.AUTO, ["auto already"]),
    ],
)
def test_what_is_missing_is_named(fill, mode, said):
    found = lacks(fill, mode)
    assert len(found) == len(said)
    assert all(text in line for text, line in zip(said, found, strict=True))


HEAD = "# a pack\nrules:\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  - name: a\n    mode: observe   # why\n    guide: g\n", "  - name: a\n    mode: ask       # why\n    guide: g\n"),
        ("  - name: a\n    mode: 'observe'\n    guide: g\n", "  - name: a\n    mode: 'ask'\n    guide: g\n"),
        ("- name: a\n  guide: g # x\n", "- name: a\n  mode: ask\n  guide: g # x\n"),
        ("  - guide: g\n    name: a\n", "  - guide: g\n    mode: ask\n    name: a\n"),
        ("  - {name: a,  mode: observe, guide: g}\n", "  - {name: a,  mode: ask, guide: g}\n"),
        ("  - {name: a,  guide: g}\n", "  - {name: a,  mode: ask, guide: g}\n"),
    ],
)
def test_only_the_mode_is_written(before, after):
    tail = "\nguides: {g:   {summary: s}}   # as it is\n"
    assert with_mode(HEAD + before + tail, "a", 0, Mode.ASK, "f") == HEAD + after + tail


@pytest.mark.parametrize(
    "text",
    [
        "x: &m observe\nrules:\n  - name: a\n    mode: *m\n    guide: g\n",
        "rules:\n  - &r {name: a, mode: observe, guide: g}\n  - {<<: *r, name: b}\n",
    ],
)
def test_what_others_share_is_left_to_people(text):
    with pytest.raises(ConfigurationError):
        with_mode(text, "a", 0, Mode.ASK, "f")
