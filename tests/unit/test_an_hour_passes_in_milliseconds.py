"""A world of virtual time: timers in order, people, the same twice, and nothing left behind."""

import random
from pathlib import Path
from time import perf_counter

import pytest
from fakes.small_site import SECOND, alert

from remediator.engine.clock import new_id
from remediator.errors import ConflictError, RemediatorError
from remediator.interfaces.rule_files import load_rules
from remediator.rehearsal import World
from remediator.rehearsal.answers import Answers
from remediator.rehearsal.documents import AnswerText, SettingsText
from remediator.rehearsal.virtual_time import VirtualLoop
from remediator.store import control

TABLE = load_rules(["pack.yaml"], Path(__file__).parent / "golden_rule_tests").table
HOUR = 3600 * SECOND


def answer(**fields):
    return (AnswerText.model_validate(fields),)


def world(**more):
    given = {
        "health": answer(outputs={"holds": False}),
        "restart": answer(outputs={"status": 200}, **more),
        "check1": (*answer(outputs={"holds": False}, changed=False), *answer(outputs={"holds": True}, changed=True)),
    }
    return World(TABLE, SettingsText().settings(), stand_in=Answers((given,)).stand_in)


def down(here, service="web"):
    return alert(service, starts_at=here.clock.now())


def statuses(here):
    return [str(story.view.status) for story in here.runs()]


def test_an_hour_of_cooldowns_takes_no_hour():
    began = perf_counter()
    with world() as here:
        for _ in range(3):
            here.post([down(here)])
            here.post([alert("web", firing=False)])
            here.run_until(here.clock.now() + HOUR // 3)
        assert statuses(here) == ["succeeded"] * 3
        assert here.clock.now() == here.start + HOUR
    assert perf_counter() - began < 30


def test_held_until_its_cooldown_is_over_to_the_instant():
    with world() as here:
        here.post([down(here)])
        here.post([alert("web", firing=False)])
        here.run_until(here.start + 150 * SECOND)
        here.post([down(here)])
        (_, second) = here.runs()
        assert second.verdict == "held"
        assert second.holds[0].held_until == here.start + 300 * SECOND
        here.run_until(here.start + 300 * SECOND - 1)
        assert statuses(here)[1] == "held"
        here.run_until(here.start + 300 * SECOND)
        assert statuses(here)[1] == "succeeded"


def test_the_same_world_twice_does_the_same_twice():
    def once():
        with world() as here:
            here.post([down(here), down(here, "shop")])
            here.run_until_quiet(here.start + HOUR)
            return here.runs(), here.reporter.told

    assert once() == once()


def test_afterwards_randomness_and_ids_are_not_those_of_the_world():
    with world():
        pass
    first = random.random(), new_id(0)
    with world():
        pass
    assert (random.random(), new_id(0)) != first


def test_two_worlds_share_nothing():
    with world() as one, world() as two:
        one.post([down(one)])
        assert len(one.runs()) == 1
        assert two.runs() == ()
    with world() as three:
        assert three.runs() == ()


def test_people_can_stop_it_and_what_they_must_not_do_is_refused():
    with world() as here:
        here.change(lambda tx: control.pause(tx, "global", "anna", "maintenance", None, here.clock.now()))
        here.post([down(here)])
        assert [moment.held_by for moment in here.runs()[0].moments] == ["pause"]
        with pytest.raises(ConflictError):
            here.change(lambda tx: control.pause(tx, "everything", "anna", "", None, here.clock.now()))
        here.change(lambda tx: control.resume(tx, "global", "anna", here.clock.now()))
        here.run_until_quiet(here.start + HOUR)
        assert statuses(here) == ["succeeded"]


def test_a_loop_in_which_time_does_not_pass_is_ended():
    loop = VirtualLoop(most_turns=10_000)

    def again():
        loop.call_soon(again)

    loop.call_soon(again)
    with pytest.raises(RemediatorError, match="does not pass"):
        loop.run_to(1.0)
    loop.close()


def test_timers_come_in_order_and_none_beyond_the_horizon():
    loop = VirtualLoop()
    came = []
    for at in (3.0, 1.0, 2.0, 2.5):
        loop.call_at(at, lambda at=at: came.append((at, loop.time())))
    loop.run_to(2.5)
    assert came == [(1.0, 1.0), (2.0, 2.0), (2.5, 2.5)]
    assert loop.time() == 2.5
    loop.close()


def test_a_step_that_never_ends_does_not_keep_the_world_open():
    given = {"health": answer(hangs=True), "check1": answer(outputs={"holds": False})}
    with World(TABLE, SettingsText().settings(), stand_in=Answers((given,)).stand_in) as here:
        here.post([down(here)])
        assert statuses(here) == ["diagnosing"]
