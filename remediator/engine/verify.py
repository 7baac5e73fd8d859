"""Take one sample of every verify condition."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from remediator.actions import registry
from remediator.actions.context import Context
from remediator.core.action import Intent
from remediator.core.durations import SECOND
from remediator.core.plan import scope_of, validated
from remediator.core.records import Outcome, Phase, StepPlan
from remediator.core.run import Job, Poll, RunState
from remediator.core.verification import Sample
from remediator.engine.perform import perform
from remediator.engine.work import StandIn, Task, as_it_is
from remediator.errors import ActionError, RenderError


async def sample_all(
    run: RunState, poll: Poll, context_of: Callable[[str], Context], stand_in: StandIn = as_it_is
) -> tuple[Sample, ...]:
    """Return a sample of each condition, taken in parallel."""
    conditions = run.plan.verify.conditions if run.plan.verify else ()
    return tuple(await asyncio.gather(*(_sample(run, poll, step, context_of, stand_in) for step in conditions)))


async def _sample(
    run: RunState, poll: Poll, step: StepPlan, context_of: Callable[[str], Context], stand_in: StandIn
) -> Sample:
    action = registry.find(step.action)
    name = f"{step.action} {step.id}"
    key = f"{poll.cycle}/verify/{step.id}"
    context = context_of(key)
    try:
        if action is None:
            raise RenderError(f"there is no action {step.action}")
        parameters = validated(action, step, scope_of(run.plan, run.journal, poll.cycle))
        settle = action.settle(parameters, context) if action.settle else 0.0
    except (RenderError, ActionError) as error:
        return Sample(name, holds=False, reason=str(error))
    if context.now < poll.changed_at + int(settle * SECOND):
        return Sample(name, holds=False, early=True)
    job = Job(key, Phase.VERIFY, poll.cycle, step)
    task = Task(job, action, parameters, "", Intent(parameters, {}), started_at=context.now)
    result = await perform(stand_in(run, task), context)
    output = result.output or {}
    if result.outcome is not Outcome.DONE:
        return Sample(name, holds=False, reason=f"could not be read: {result.error}")
    return Sample(name, holds=output.get("holds") is True, reason=str(output.get("reason", "")), output=output)
