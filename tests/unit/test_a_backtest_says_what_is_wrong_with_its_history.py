"""A history that has nothing to say is told from one that was not looked at, or cannot be read."""

import json
import re
import sqlite3
from pathlib import Path

import pytest
from fakes.forking import run

from remediator.core.durations import SECOND
from remediator.store.sqlite import migrate

PACK = str(Path(__file__).parent / "golden_rule_tests/pack.yaml")
FIRING = {"status": "firing", "labels": {"alertname": "Down", "service": "web"}, "startsAt": "2026-01-05T10:00:00Z"}
NONE_SINCE = r"no alerts since 20\d\d-\d\d-\d\d \d\d:\d\d UTC \(--since 7d\): all 3, in 2 notifications, came from 2020-01-05 10:00 to 2020-01-06 10:00 UTC\n"


def backtest(folder, *words):
    return run("backtest", PACK, *words, cwd=folder)


def lines(folder, *documents):
    (folder / "h.jsonl").write_text("".join(f"{json.dumps(document)}\n" for document in documents))


def old(folder):
    lines(folder, {"at": "2020-01-05T10:00:00Z", "alerts": [FIRING, FIRING]}, {"at": "2020-01-06T10:00:00Z", "alerts": [FIRING]})


def test_alerts_that_are_all_older(tmp_path):
    old(tmp_path)
    done = backtest(tmp_path, "--file", "h.jsonl", "--since", "7d")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(NONE_SINCE, done.stdout), done.stdout
    done = backtest(tmp_path, "--file", "h.jsonl", "--since", "7d", "--json")
    assert json.loads(done.stdout)["history"]["alerts"] == 0
    assert re.fullmatch(NONE_SINCE, done.stderr), done.stderr


def test_alerts_of_a_store_that_are_all_older(tmp_path):
    db = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    migrate(db)
    for at, count in ((1_578_218_400, 2), (1_578_304_800, 1)):
        db.execute(
            "INSERT INTO notification VALUES (?,?,'r','g',?,0,?,?)",
            (str(at), at * SECOND, count, count, json.dumps({"alerts": [FIRING] * count}).encode()),
        )
    db.close()
    done = backtest(tmp_path, "--store", "store.db", "--since", "7d")
    assert re.fullmatch(NONE_SINCE, done.stdout), done


def test_one_that_is_empty(tmp_path):
    (tmp_path / "h.jsonl").write_text("\n")
    for words in ([], ["--since", "7d"]):
        assert backtest(tmp_path, "--file", "h.jsonl", *words).stdout == "the history is empty\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--file", "h.jsonl", "--store", "store.db"], "give one of --prometheus, --store, --file; here are --store and --file"),
        ([], "say where history is: --prometheus URL, --store FILE or --file FILE"),
    ],
)
def test_one_source_is_needed(tmp_path, words, said):
    done = backtest(tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"at": "yesterday", "alerts": [FIRING]}, 'at: "yesterday" is no time; write it so: 2026-01-05T10:00:00Z'),
        ({"at": 5, "alerts": [FIRING]}, "at: a time as RFC 3339 writes it, such as 2026-01-05T10:00:00Z"),
        ([1, 2], 'an object is needed here, such as {"alerts": [...]}'),
        (5, 'an object is needed here, such as {"alerts": [...]}'),
        ({"alerts": [5]}, "alerts.0: an object is needed here"),
    ],
)
def test_a_line_that_cannot_be_read(tmp_path, document, said):
    lines(tmp_path, {"alerts": [FIRING]}, document)
    done = backtest(tmp_path, "--file", "h.jsonl")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"h.jsonl:2: error: {said}\n")
