"""What Alertmanager is asked for a run: whether its alerts still fire, and to be quiet while it works."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from msgspec.structs import asdict

from remediator.actions.context import Context
from remediator.core.alert import Standing
from remediator.core.guards import stand_together
from remediator.core.records import Outcome
from remediator.core.redaction import redact
from remediator.core.run import RunState
from remediator.engine.perform import Result
from remediator.engine.work import Task
from remediator.errors import ActionError, PermanentError


class Confirm(Protocol):
    """Alertmanager, as the engine needs it. ``context.run`` names the run that asks."""

    async def state_of(self, labels: dict[str, str], context: Context) -> Standing:
        """Return how the alert stands; our own silences do not count. Raises ActionError."""

    async def silence(self, labels: dict[str, str], ends_at: int, why: str, context: Context) -> dict[str, Any]:
        """Silence the alert until then (microseconds since 1970), unless this run has done so; return what to note.

        Repeating it makes no second one. Raises ActionError.
        """

    async def loud_again(self, labels: dict[str, str], ends: tuple[int, ...], context: Context) -> int:
        """End the silences that this run made, which were to end then; return how many. Raises ActionError."""


Joined = Callable[[], Awaitable[list[dict[str, str]]]]  #: the labels of the other alerts that a run stands for


async def confirm(task: Task, ask: Confirm | None, labels: dict[str, str], context: Context, joined: Joined) -> Result:
    """Ask Alertmanager whether the alert still fires; when it cannot be asked, the last word counts.

    The alerts that have joined the run are asked about where its own does not fire, until one is found that does.
    """
    if ask is None:
        return Result(task, Outcome.DONE, output={"state": "firing", "said_by": "the last notification"})
    try:
        async with asyncio.timeout(task.job.step.timeout):
            standings = [await ask.state_of(labels, context)]
            for others in () if standings[0].state == "firing" else await joined():
                standings.append(await ask.state_of(others, context))
                if standings[-1].state == "firing":
                    break
            said = stand_together(standings)
            return Result(task, Outcome.DONE, output={name: value for name, value in asdict(said).items() if value})
    except (ActionError, TimeoutError) as error:
        return Result(task, Outcome.FAILED, error=redact(str(error)) or "no answer")


async def silence(task: Task, ask: Confirm | None, run: RunState, context: Context) -> Result:
    """Silence the alert while the run works on it. Where that fails the run goes on: it is only louder."""
    intent, step = task.intent, task.job.step
    assert intent is not None and ask is not None  # noqa: S101, PT018 -- only where there is an Alertmanager
    error = "no answer"
    for attempt in range(1, step.attempts + 1):
        try:
            async with asyncio.timeout(step.timeout):
                why = f"rule {run.plan.rule} works on {run.plan.target}"
                output = await ask.silence(dict(run.plan.labels), intent.parameters.ends_at, why, context)
                return Result(task, Outcome.DONE, output=output, attempt=attempt)
        except PermanentError as refused:
            return Result(task, Outcome.FAILED, error=redact(str(refused)), attempt=attempt)
        except (ActionError, TimeoutError) as failed:
            error = redact(str(failed)) or error
    return Result(task, Outcome.FAILED, error=error, attempt=step.attempts)
