"""Perform one step: its limit of time, its retries, what its failure means. Nothing is written here.

Only temporary errors are tried again, and only where repeating is safe. A change whose answer was
lost asks the action whether it happened; if nobody can tell, the outcome is unknown.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import structlog
from msgspec import Struct

from remediator.actions.context import Context
from remediator.core.action import Action, CheckOutputs, Intent, Outputs
from remediator.core.records import Outcome, Phase
from remediator.core.redaction import is_suspicious, redact, redact_tree
from remediator.engine.work import Task
from remediator.errors import ActionError, AmbiguousError, PermanentError, TemporaryError
from remediator.store.journal import encode

log = structlog.get_logger("perform")

OUTPUT_LIMIT = 64 * 1024  #: characters of a step's output that are kept
LONGEST_PAUSE = 60.0  #: seconds that a backend may ask for with Retry-After
LOOKS = 3  #: tries of what only looks on behalf of a change, however often the change itself may be tried

T = TypeVar("T")


class Result(Struct, frozen=True):
    """How one step came out."""

    task: Task
    outcome: Outcome
    output: dict[str, Any] | None = None
    error: str = ""
    attempt: int = 1
    maybe: bool = False  #: it failed, but may have changed something
    transport: bool | None = None  #: for the backend's breaker: True failed to answer, False answered, None not asked


class MayGoOn(Protocol):
    """Says, before a change is tried again, what has come up since: a pause, a cancel."""

    async def __call__(self) -> str:
        """Return why it must not be tried again; empty when it may."""


async def _always() -> str:
    return ""


async def perform(  # noqa: PLR0911 -- a return a phase
    task: Task, context: Context, may_go_on: MayGoOn = _always
) -> Result:
    """Perform a step whose intent is journalled. Never raises but for cancellation."""
    action, intent = task.action, task.intent
    assert action is not None and intent is not None  # noqa: S101, PT018 -- the caller's part
    phase = task.job.phase
    if phase is Phase.PREVIEW:
        return await _preview(task, action, context)
    if phase is Phase.CAUTION:
        return await _caution(task, action, context)
    if task.only_ask:
        return await _ask(task, action, intent, context, "begun before a restart, and forbidden now", transport=None)
    if phase is Phase.UNDO:
        return await _change(task, action, intent, context, lambda: _undo(action, intent, context), once=True)
    if not action.changes:
        return await _read(task, action, context)
    once = not _may_repeat(action, intent, context)
    if task.recovered and once:
        return await _ask(task, action, intent, context, "the process ended while it was done", transport=None)
    change = lambda: action.perform(intent.parameters, context)  # noqa: E731 -- it is named for the next line
    return await _change(task, action, intent, context, change, once=once, may_go_on=may_go_on)


async def _read(task: Task, action: Action[Any, Any], context: Context) -> Result:
    try:
        output, attempt = await _tried(task, lambda: _look(task, action, context), task.job.step.attempts)
    except ActionError as error:
        return Result(task, Outcome.FAILED, error=redact(str(error)), transport=error.transport)
    except TimeoutError:
        return Result(task, Outcome.FAILED, error=f"no answer within {task.job.step.timeout:g}s", transport=True)
    except Exception as error:  # noqa: BLE001 -- an action's defect is a failed step, not a dead daemon
        return _defect(task, action, error)
    # A check says in its finding that nobody answered; that it was made is no sign of life.
    answered = None if action.checks else False
    return Result(task, Outcome.DONE, output=_kept(output), attempt=attempt, transport=answered)


async def _look(task: Task, action: Action[Any, Any], context: Context) -> Outputs:
    """Read once. Among a remedy's steps a check is a gate: raise TemporaryError while it does not hold."""
    intent = task.intent
    assert intent is not None  # noqa: S101 -- the caller's part
    output: Outputs = await action.perform(intent.parameters, context)
    if task.job.phase is Phase.ACT and isinstance(output, CheckOutputs) and not output.holds:
        raise TemporaryError(f"does not hold: {output.reason or 'it gave no reason'}")
    return output


async def _change(
    task: Task, action: Action[Any, Any], intent: Intent[Any], context: Context,
    do: Callable[[], Awaitable[Outputs]], *, once: bool, may_go_on: MayGoOn = _always,
) -> Result:  # fmt: skip
    try:
        output, attempt = await _tried(task, do, 1 if once else task.job.step.attempts, may_go_on)
    except AmbiguousError as error:
        return await _ask(task, action, intent, context, redact(str(error)), transport=error.transport)
    except ActionError as error:
        said = redact(str(error))
        if task.recovered and task.job.phase is Phase.UNDO:
            said = f"it was begun before a restart, and may have been taken back then: {said}"
        if task.recovered or error.maybe:  # this try did nothing, perhaps; an earlier one may have
            return await _ask(task, action, intent, context, said, transport=error.transport)
        return Result(task, Outcome.FAILED, error=said, transport=error.transport)
    except TimeoutError:
        why = f"no answer within {task.job.step.timeout:g}s"
        return await _ask(task, action, intent, context, why, transport=True)
    except Exception as error:  # noqa: BLE001 -- a defect after the call went out may have changed something
        _defect(task, action, error)
        return await _ask(task, action, intent, context, f"{type(error).__name__} in {action.name}", transport=None)
    return Result(task, Outcome.DONE, output=_kept(output), attempt=attempt, transport=False)


async def _tried(
    task: Task, do: Callable[[], Awaitable[T]], attempts: int, may_go_on: MayGoOn = _always
) -> tuple[T, int]:
    """Do it, again on temporary errors. The first attempt is made without any machinery."""
    limit = task.job.step.timeout
    try:
        async with asyncio.timeout(limit):
            return await do(), 1
    except TemporaryError as error:
        if attempts <= 1:
            raise
        asked, last, maybe = error.retry_after, str(error), error.maybe
        await asyncio.sleep(random.uniform(0.1, 0.5) if asked is None else min(asked, LONGEST_PAUSE))  # noqa: S311 -- jitter
    from remediator.engine.retries import tried_again  # noqa: PLC0415 -- most steps do without, and so does a start

    async def noted() -> T:
        nonlocal maybe
        try:
            return await do()
        except ActionError as error:
            maybe = maybe or error.maybe
            raise

    try:
        return await tried_again(noted, attempts - 1, limit, last, LONGEST_PAUSE, may_go_on)
    except ActionError as error:
        error.maybe = maybe
        raise


async def _ask(
    task: Task, action: Action[Any, Any], intent: Intent[Any], context: Context, why: str, *, transport: bool | None
) -> Result:
    """Find out whether a change took effect whose answer is missing."""
    took = None
    if action.happened is not None and task.job.phase is Phase.ACT:
        try:
            async with asyncio.timeout(task.job.step.timeout):
                took = await action.happened(intent, context)
        except (ActionError, TimeoutError) as error:
            why = f"{why}; asking whether it happened failed: {redact(str(error)) or 'no answer'}"
        except Exception as error:  # noqa: BLE001 -- not being able to tell is an answer here
            _defect(task, action, error)
    if took is True:
        return Result(task, Outcome.DONE, error=f"{why}; it did happen", transport=transport)
    if took is False:
        return Result(task, Outcome.FAILED, error=f"{why}; it did not happen", transport=transport)
    # A change that may be repeated, and was, leaves nothing to be settled: it failed.
    sure = _may_repeat(action, intent, context) or task.job.phase is Phase.UNDO
    outcome = Outcome.FAILED if sure else Outcome.UNKNOWN
    return Result(task, outcome, error=f"{why}; it may have happened", maybe=sure, transport=transport)


def _may_repeat(action: Action[Any, Any], intent: Intent[Any], context: Context) -> bool:
    """Whether performing it twice equals performing it once. Who cannot tell says no."""
    if action.idempotent(intent.parameters):
        return True
    try:
        return action.repeatable is not None and action.repeatable(intent.parameters, context)
    except ActionError:
        return False


async def _preview(task: Task, action: Action[Any, Any], context: Context) -> Result:
    """Ask the backend what a change would do. What it refuses is found here."""
    intent = task.intent
    assert intent is not None  # noqa: S101 -- the caller's part

    async def look() -> tuple[dict[str, Any], str]:
        before = dict((await action.resolve(intent.parameters, context)).before) if action.resolve else {}
        return before, await action.preview(intent.parameters, context) if action.preview else ""

    try:
        (before, text), _ = await _tried(task, look, LOOKS)
    except ActionError as error:
        return Result(task, Outcome.FAILED, error=redact(str(error)), transport=error.transport)
    except TimeoutError:
        return Result(task, Outcome.FAILED, error=f"no answer within {task.job.step.timeout:g}s", transport=True)
    except Exception as error:  # noqa: BLE001 -- see _read
        return _defect(task, action, error)
    return Result(
        task, Outcome.DONE, output={"preview": redact(text)[:OUTPUT_LIMIT], "before": before}, transport=False
    )


async def _caution(task: Task, action: Action[Any, Any], context: Context) -> Result:
    """Ask the backend whether something speaks for a person's decision. What cannot be told is a reason to ask."""
    intent = task.intent
    assert intent is not None and action.caution is not None  # noqa: S101, PT018 -- the caller's part
    try:
        async with asyncio.timeout(task.job.step.timeout):
            concern = await action.caution(intent.parameters, context)
    except ActionError as error:
        return Result(task, Outcome.FAILED, error=redact(str(error)), transport=error.transport)
    except TimeoutError:
        return Result(task, Outcome.FAILED, error=f"no answer within {task.job.step.timeout:g}s", transport=True)
    except Exception as error:  # noqa: BLE001 -- see _read
        return _defect(task, action, error)
    return Result(task, Outcome.DONE, output={"concern": redact(concern)[:2000]}, transport=False)


async def _undo(action: Action[Any, Any], intent: Intent[Any], context: Context) -> Outputs:
    if action.undo is None:
        raise PermanentError(f"{action.name} cannot be undone")
    undone: Outputs = await action.undo(intent, context)
    return undone


async def resolve(task: Task, context: Context) -> Intent[Any] | Result:
    """Make a change's parameters absolute before its intent is journalled."""
    action = task.action
    assert action is not None and action.resolve is not None  # noqa: S101, PT018 -- the caller's part
    look = action.resolve
    try:
        made: Intent[Any]
        made, _ = await _tried(task, lambda: look(task.parameters, context), LOOKS)
    except ActionError as error:
        return Result(task, Outcome.FAILED, attempt=0, error=redact(str(error)), transport=error.transport)
    except TimeoutError:
        return Result(
            task, Outcome.FAILED, attempt=0, error=f"no answer within {task.job.step.timeout:g}s", transport=True
        )
    except Exception as error:  # noqa: BLE001 -- see _read
        return _defect(task, action, error)
    return made


def _defect(task: Task, action: Action[Any, Any], error: Exception) -> Result:
    log.error("an action failed in a way it does not declare", action=action.name, step=task.job.key, exc_info=error)
    return Result(task, Outcome.FAILED, error=f"defect in {action.name}: {type(error).__name__}")


def _kept(output: Outputs) -> dict[str, Any]:
    """Return what is kept of an output. Most hold nothing to hide: one look at all of it is enough."""
    try:
        kept: dict[str, Any] = output.model_dump(mode="json")
    except (ValueError, RecursionError):  # no JSON: it is described; what was done is done
        described: dict[str, Any] = redact_tree(output.model_dump(), OUTPUT_LIMIT)
        return described
    text = encode(kept)
    return kept if len(text) <= OUTPUT_LIMIT and not is_suspicious(text) else redact_tree(kept, OUTPUT_LIMIT)
