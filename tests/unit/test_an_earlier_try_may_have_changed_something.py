"""A change that was tried again: if any try may have taken effect, the step that failed may have changed something."""

import pytest
from pydantic import BaseModel

from remediator.actions.context import Context
from remediator.core.action import Action, Intent, Outputs, Parameters
from remediator.core.records import Outcome, Phase, StepPlan
from remediator.core.run import Job
from remediator.engine.perform import perform
from remediator.engine.work import Task
from remediator.errors import PermanentError, TemporaryError

MAYBE, BUSY, REFUSED = (
    TemporaryError("500", maybe=True, retry_after=0.0), TemporaryError("429", retry_after=0.0), PermanentError("403"),
)  # fmt: skip


def task_of(*answers):
    left = list(answers)

    async def answer(_parameters: BaseModel, _context: Context):
        error = left.pop(0)
        raise type(error)(str(error), maybe=error.maybe, retry_after=0.0)

    action = Action(
        name="x.y", summary="", parameters=Parameters, outputs=Outputs, perform=answer, backend=lambda _: "x", changes=True
    )
    step = StepPlan("s", "x.y", {}, changes=True, attempts=len(answers))
    return Task(Job("0/act/0", Phase.ACT, 0, step, "r"), action, Parameters(), "x", Intent(Parameters(), {}))


@pytest.mark.parametrize(
    ("answers", "maybe"),
    [
        ([MAYBE], True),
        ([MAYBE, MAYBE, MAYBE], True),
        ([MAYBE, BUSY], True),
        ([MAYBE, REFUSED], True),
        ([BUSY, MAYBE, REFUSED], True),
        ([BUSY, BUSY, MAYBE], True),
        ([BUSY], False),
        ([BUSY, BUSY, REFUSED], False),
        ([REFUSED], False),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, list) else "",
)
async def test_it_is_told(answers, maybe):
    result = await perform(task_of(*answers), Context(session=None, clients=None))
    assert (result.outcome, result.maybe) == (Outcome.FAILED, maybe)
    assert ("it may have happened" in result.error) == maybe
