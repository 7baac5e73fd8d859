"""A run stands for every alert that has joined it: a person's silence holds it when none of these is loud any more."""

import pytest
from fakes.small_site import SECOND, SmallSite, alert
from msgspec.structs import replace

from remediator.actions.context import Context
from remediator.core.alert import Standing
from remediator.core.guards import stand_together
from remediator.core.records import Phase
from remediator.engine.confirm import confirm
from remediator.errors import TemporaryError
from remediator.store import inbox

FIRING, RESOLVED, INHIBITED = Standing("firing"), Standing("resolved"), Standing("inhibited")
ANN, BOB = Standing("silenced", "ann", "mine", until=200), Standing("silenced", "bob", until=100)


class Alertmanager:
    """Answers by pod, and remembers of which it was asked."""

    def __init__(self, **standings):
        self.standings, self.asked = standings, []

    async def state_of(self, labels, _context):
        self.asked.append(labels["pod"])
        if (said := self.standings[labels["pod"]]) is None:
            raise TemporaryError("no answer")
        return said


def run_of(tmp_path, *pods):
    """A run that so many alerts of one service have joined, where it asks how its own stands."""
    site = SmallSite.of(tmp_path, confirms=True)
    works = []
    for pod in pods:
        works += site.admit(replace(alert("shop", starts_at=site.now, pod=pod), fingerprint=pod)).works
        site.tick(1)
    (work,) = works
    assert work.tasks[0].job.phase is Phase.CONFIRM
    return site, work


async def asked(site, work, alertmanager):
    async def joined():
        return inbox.joined(site.tx, work.run.id, work.run.plan.fingerprint)

    context = Context(session=None, clients=None, connections={}, run=work.run.id, key="k", now=site.now)
    return await confirm(work.tasks[0], alertmanager, dict(work.run.plan.labels), context, joined)


async def test_one_that_is_loud_is_reason_enough(tmp_path):
    site, work = run_of(tmp_path, "a", "b", "c")
    result = await asked(site, work, Alertmanager(a=ANN, b=FIRING, c=BOB))
    assert [task.job.phase for task in site.came(work, **result.output).tasks] == [Phase.ACT]


async def test_all_silenced_hold_it_until_the_first_silence_ends(tmp_path):
    site, work = run_of(tmp_path, "a", "b", "c")
    until = site.now + 60 * SECOND
    result = await asked(site, work, Alertmanager(a=ANN, b=RESOLVED, c=Standing("silenced", "bob", until=until)))
    held = site.came(work, **result.output | {"until": until}).held
    assert (held.guard, held.until) == ("silence", until)
    assert held.reason.startswith("the alert, one of 2 that are all silenced, is silenced by ann until ")


async def test_those_that_joined_are_asked_about_only_where_its_own_is_quiet(tmp_path):
    site, work = run_of(tmp_path, "a", "b", "c")
    alertmanager = Alertmanager(a=FIRING)
    await asked(site, work, alertmanager)
    assert alertmanager.asked == ["a"]
    alertmanager = Alertmanager(a=ANN, b=BOB, c=FIRING)
    await asked(site, work, alertmanager)
    assert alertmanager.asked == ["a", "c"]  # the newest first, until one is loud


async def test_of_many_some_are_asked_about(tmp_path):
    pods = [f"p{n:02}" for n in range(30)]
    site, work = run_of(tmp_path, *pods)
    alertmanager = Alertmanager(**dict.fromkeys(pods, ANN))
    result = await asked(site, work, alertmanager)
    assert len(alertmanager.asked) == 1 + inbox.JOINED_ASKED
    assert result.output["alerts"] == 1 + inbox.JOINED_ASKED


async def test_what_is_over_is_not_asked_about(tmp_path):
    site, work = run_of(tmp_path, "a", "b")
    site.admit(replace(alert("shop", firing=False, pod="b"), fingerprint="b"))
    alertmanager = Alertmanager(a=ANN)
    assert (await asked(site, work, alertmanager)).output["by"] == "ann"


async def test_what_cannot_be_asked_about_leaves_the_last_word(tmp_path):
    site, work = run_of(tmp_path, "a", "b")
    result = await asked(site, work, Alertmanager(a=ANN, b=None))
    assert result.output is None
    assert "no answer" in result.error


@pytest.mark.parametrize(("standings", "state", "until"), [
    ([ANN], "silenced", 200), ([ANN, BOB], "silenced", 100), ([ANN, Standing("silenced")], "silenced", 200),
    ([RESOLVED, ANN], "silenced", 200), ([INHIBITED, ANN], "silenced", 200), ([RESOLVED, INHIBITED], "inhibited", None),
    ([RESOLVED, RESOLVED], "resolved", None), ([ANN, RESOLVED, FIRING], "firing", None),
])  # fmt: skip
def test_how_they_stand_together(standings, state, until):
    together = stand_together(standings)
    assert (together.state, together.until) == (state, until)
