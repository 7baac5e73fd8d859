from pydantic import BaseModel

from remediator.actions.context import Context
from remediator.core.action import Action, Intent, Outputs, Parameters
from remediator.core.records import Outcome, Phase, StepPlan
from remediator.core.run import Job
from remediator.engine.perform import perform
from remediator.engine.work import Task
from remediator.errors import TemporaryError


class Done(Outputs):
    """Nothing to say."""


class Busy:
    """A backend that is busy, some times."""

    def __init__(self, times):
        self.times, self.asked = times, 0

    async def __call__(self, _parameters: BaseModel, _context: Context):
        self.asked += 1
        if self.asked <= self.times:
            raise TemporaryError("busy", retry_after=0.0)
        return Done()


def task_of(busy):
    action = Action(name="x.y", summary="", parameters=Parameters, outputs=Done, perform=busy,
                    backend=lambda _: "x", changes=True)  # fmt: skip
    step = StepPlan("s", "x.y", {}, changes=True, attempts=3)
    return Task(Job("0/act/0", Phase.ACT, 0, step, "r"), action, Parameters(), "x", Intent(Parameters(), {}))


def says(*reasons):
    left = list(reasons)

    async def may_go_on():
        return left.pop(0)

    return may_go_on


async def test_it_ends_with_both_reasons():
    busy = Busy(times=5)
    result = await perform(task_of(busy), Context(session=None, clients=None), says("global is paused by ann: a freeze"))
    assert busy.asked == 1
    assert result.outcome is Outcome.FAILED
    assert result.error == "busy; not tried again: global is paused by ann: a freeze"


async def test_without_one_it_is():
    busy = Busy(times=2)
    result = await perform(task_of(busy), Context(session=None, clients=None), says("", ""))
    assert (busy.asked, result.outcome, result.attempt) == (3, Outcome.DONE, 3)
