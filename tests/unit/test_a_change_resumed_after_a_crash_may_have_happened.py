"""A change that may be repeated is, after a crash. If it is refused then, the first try may have taken effect."""

import pytest
from msgspec.structs import replace
from pydantic import BaseModel

from remediator.actions.context import Context
from remediator.core.action import Action, Intent, Outputs, Parameters
from remediator.core.records import Outcome, Phase, StepPlan
from remediator.core.run import Job
from remediator.engine.perform import perform
from remediator.engine.work import Task
from remediator.errors import PermanentError


class Done(Outputs):
    """Nothing to say."""


async def refuse(_parameters: BaseModel, _context: Context):
    raise PermanentError("forbidden")


def task_of(happened):
    async def tell(_intent, _context):
        return happened

    action = Action(
        name="x.y", summary="", parameters=Parameters, outputs=Done, perform=refuse, backend=lambda _: "x", changes=True,
        idempotent=lambda _: True, happened=None if happened == "nobody can tell" else tell,
    )  # fmt: skip
    step = StepPlan("s", "x.y", {}, changes=True)
    return Task(Job("0/act/0", Phase.ACT, 0, step, "r"), action, Parameters(), "x", Intent(Parameters(), {}))


@pytest.mark.parametrize(
    ("happened", "outcome", "maybe", "error"),
    [
        (True, Outcome.DONE, False, "forbidden; it did happen"),
        (False, Outcome.FAILED, False, "forbidden; it did not happen"),
        (None, Outcome.FAILED, True, "forbidden; it may have happened"),
        ("nobody can tell", Outcome.FAILED, True, "forbidden; it may have happened"),
    ],
)
async def test_after_a_crash(happened, outcome, maybe, error):
    task = replace(task_of(happened), recovered=True)
    result = await perform(task, Context(session=None, clients=None))
    assert (result.outcome, result.maybe, result.error) == (outcome, maybe, error)


async def test_without_one_it_did_not():
    result = await perform(task_of(True), Context(session=None, clients=None))
    assert (result.outcome, result.maybe, result.error) == (Outcome.FAILED, False, "forbidden")
