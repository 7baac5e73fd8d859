"""How much may happen in a test is bounded: what would take hours is said at its place, before or while it is played."""

import asyncio
from pathlib import Path

import pytest
from pydantic import ValidationError

from remediator.errors import RehearsalError
from remediator.rehearsal import posts
from remediator.rehearsal.documents import TestText
from remediator.rehearsal.session import Session
from remediator.rehearsal.virtual_time import VirtualLoop

PACK = (Path(__file__).parent / "golden_rule_tests/pack.yaml").read_text()
DAY = 86400.0
FILE = """\
rule_files: [pack.yaml]
answers:
  health: {outputs: {holds: true}}
  check1: {outputs: {holds: true}}
tests:
  - name: a
    alerts:
      - ALERT
    until: UNTIL
    expect: {runs: [{rule: restart}]}
"""


@pytest.fixture
def play(tmp_path, monkeypatch):
    (tmp_path / "pack.yaml").write_text(PACK)
    monkeypatch.chdir(tmp_path)

    def played(alert, until, **more):
        Path("a_test.yaml").write_text(FILE.replace("ALERT", alert).replace("UNTIL", until))
        said, session = [], Session(**more)
        session.run([Path("a_test.yaml")], said.append)
        return "\n".join(said), session

    return played


def test_alerts_that_are_resent_too_often(play):
    said, session = play("{labels: {alertname: Down, service: web}, every: 1s}", "1000d")
    assert session.failed
    assert said.startswith("a_test.yaml:8:58: error: a test posts 100,000 alerts at most; this one 86,400,001, 86,400,001 of them here")
    assert "let it come less often" in said


def test_copies_that_are_resent_count_as_often(play):
    said, _ = play("{labels: {alertname: Down, service: web}, every: 1m, copies: 10000}", "20m")
    assert "this one 210,000, 210,000 of them here" in said


def test_each_of_those_that_may_be_posted_is():
    alert = {"labels": {"alertname": "Down"}, "every": "1s", "copies": 3}
    over = {"labels": {"alertname": "Down"}, "at": "5h", "copies": 3, "state": "resolved"}
    made = TestText.model_validate({"name": "a", "alerts": [alert, over], "expect": {}})
    assert posts.counts(made) == (3 * 5 * 3600 + 3, 3)
    assert sum(map(len, posts.posts(made).values())) == 3 * 5 * 3600 + 3


def test_copies_are_not_ended_by_an_alert_that_is_none_of_them():
    alert = {"labels": {"alertname": "Down"}, "every": "1s", "copies": 3}
    over = {"labels": {"alertname": "Down"}, "at": "5h", "state": "resolved"}
    with pytest.raises(ValidationError, match="resent for ever"):
        TestText.model_validate({"name": "a", "alerts": [alert, over], "expect": {}})


def test_a_loop_that_steps_on_and_on():
    told = []
    loop = VirtualLoop(most_steps=1000, on_step=told.append)

    async def steps():
        while True:
            await asyncio.sleep(1)

    task = loop.create_task(steps())
    with pytest.raises(RehearsalError, match="more than 1,000 steps of time by 16m41s; let the test end earlier"):
        loop.run_to(2000)
    assert len(told) == 1001
    task.cancel()
    loop.run_to(loop.time())
    assert task.cancelled()
    loop.close()


@pytest.mark.parametrize("days", [1, 250, 1000, 3650])
def test_time_passes_however_late_it_is(days):
    loop, came = VirtualLoop(), []
    loop.run_to(days * DAY)
    loop.call_at(loop.time(), lambda: came.append("now"))
    loop.call_later(1, lambda: came.append("later"))
    loop.run_to(days * DAY + 2)
    assert came == ["now", "later"]
    assert loop.time() == days * DAY + 2
    loop.close()


def test_the_rest_is_told_at_its_place(play):
    said, session = play("{labels: {alertname: Down, service: web}}", "300d")
    assert session.failed
    assert "a_test.yaml:9: more than 200,000 steps of time by " in said
    assert "restart on host/web" in said
