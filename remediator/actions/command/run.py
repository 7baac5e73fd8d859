"""``command.run`` (changes) and ``command.check`` (reads): one allowed program, run to its end."""

from __future__ import annotations

import shlex
from typing import Annotated, NamedTuple

from pydantic import Field

from remediator.actions.answers.access import hide
from remediator.actions.answers.reading import excerpt, printable
from remediator.actions.command.entry import Connection
from remediator.actions.command.process import Ended, run_to_end
from remediator.actions.context import Context
from remediator.core.action import Action, Argv, CheckOutputs, NamesConnection, Outputs, Parameters
from remediator.core.durations import show_duration
from remediator.errors import AmbiguousError, PermanentError, TemporaryError

_SHOWN = 200
_PREVIEW = 2000

ExitCode = Annotated[int, Field(ge=0, le=255)]


class CheckParameters(Parameters):
    """Which command, with which arguments, and what its exit code means."""

    command: Annotated[str, NamesConnection()] = Field(
        min_length=1, description="Name of an entry under connections.command."
    )
    arguments: list[Argv] = Field(
        [], max_length=256, description="Arguments after the entry's own; each must match its arguments_pattern."
    )
    expect_exit: list[ExitCode] = Field([0], min_length=1, max_length=16, description="Exit codes that are in order.")


class RunParameters(CheckParameters):
    """Which command, with which arguments, and what its exit code means."""

    fail_on_exit: bool = Field(
        True, description="Whether another exit code fails the step; false: it is only an output."
    )


class RunOutputs(Outputs):
    """How the program ended."""

    exit_code: int = Field(description="Its exit code.")
    stdout: str = Field("", description="Its standard output; beyond the entry's output_limit its beginning and end.")
    stderr: str = Field("", description="Its standard error; beyond the entry's output_limit its beginning and end.")
    duration_ms: float = Field(0.0, description="Milliseconds from its start to its end.")


class CommandCheckOutputs(CheckOutputs):
    """How the program ended, and whether that is as expected."""

    holds: bool = Field(description="Whether the exit code is one of expect_exit.")
    reason: str = Field("", description="Why, in a sentence.")
    exit_code: int = Field(0, description="Its exit code.")
    stdout: str = Field("", description="Its standard output; beyond the entry's output_limit its beginning and end.")
    stderr: str = Field("", description="Its standard error; beyond the entry's output_limit its beginning and end.")
    duration_ms: float = Field(0.0, description="Milliseconds from its start to its end.")


class _Finished(NamedTuple):
    exit_code: int
    stdout: str
    stderr: str
    duration_ms: float


class _UnfinishedError(Exception):
    """It told no exit code: it was stopped, or a signal ended it."""


async def run(parameters: RunParameters, context: Context) -> RunOutputs:
    """Run the command once.

    An unexpected exit code is a PermanentError: the program itself said that it failed. One that
    said nothing (its time was up, a signal ended it) is an AmbiguousError: it may have done its work.
    """
    entry: Connection = context.connection("command", parameters.command)
    try:
        ended = await _finish(parameters, entry, context)
    except _UnfinishedError as error:
        raise AmbiguousError(str(error)) from None
    if parameters.fail_on_exit and ended.exit_code not in parameters.expect_exit:
        raise PermanentError(_reason(parameters, ended))
    return RunOutputs(**ended._asdict())


async def check(parameters: CheckParameters, context: Context) -> CommandCheckOutputs:
    """Run the command once and judge its exit code. PermanentError when its entry says that it changes things."""
    entry: Connection = context.connection("command", parameters.command)
    if entry.changes:
        raise PermanentError(f'"{parameters.command}" may change things; a check needs an entry with "changes: false"')
    try:
        ended = await _finish(parameters, entry, context)
    except _UnfinishedError as error:
        raise TemporaryError(str(error)) from None
    return CommandCheckOutputs(
        holds=ended.exit_code in parameters.expect_exit, reason=_reason(parameters, ended), **ended._asdict()
    )


async def _finish(parameters: CheckParameters, entry: Connection, context: Context) -> _Finished:
    """Run it. Raise _UnfinishedError when it did not exit by itself."""
    argv = entry.command_line(parameters.arguments)
    env, secrets = entry.environment(context)
    ended = await run_to_end(
        argv, cwd=entry.cwd, env=env, time_limit=entry.time_limit,
        stop_within=entry.stop_within, output_limit=entry.output_limit,
    )  # fmt: skip
    stdout, stderr = (hide(printable(data), secrets) for data in (ended.stdout, ended.stderr))
    if not ended.in_time or ended.exit_code is None or ended.exit_code < 0:
        raise _UnfinishedError(_why_unfinished(parameters.command, ended, entry.time_limit) + _last_line(stderr))
    return _Finished(ended.exit_code, stdout, stderr, round(ended.seconds * 1000, 3))


def _why_unfinished(name: str, ended: Ended, limit: float) -> str:
    if ended.exit_code is None:
        return f'"{name}" could not be stopped after {show_duration(limit)}; it may still be running'
    if not ended.in_time:
        return f'"{name}" was stopped: it took longer than {show_duration(limit)}'
    return f'"{name}" was ended by signal {-ended.exit_code}'


def _reason(parameters: CheckParameters, ended: _Finished) -> str:
    said = f'"{parameters.command}" ended with exit code {ended.exit_code}'
    if ended.exit_code in parameters.expect_exit:
        return said
    return f"{said}, not {', '.join(map(str, parameters.expect_exit))}{_last_line(ended.stderr)}"


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return f": {excerpt(lines[-1], _SHOWN)}" if lines else ""


async def preview(parameters: RunParameters, context: Context) -> str:
    """Return the command line that would be run; nothing is started."""
    entry: Connection = context.connection("command", parameters.command)
    return excerpt(shlex.join(entry.command_line(parameters.arguments)), _PREVIEW)


def repeatable(parameters: RunParameters, context: Context) -> bool:
    """Whether the site says of this entry that running it twice equals running it once."""
    entry: Connection = context.connection("command", parameters.command)
    return entry.idempotent


def backend(parameters: CheckParameters) -> str:
    """Return ``command/NAME``."""
    return f"command/{parameters.command}"


def _never(_parameters: RunParameters) -> bool:
    # Only its entry knows: see ``repeatable``.
    return False


RUN: Action[RunParameters, RunOutputs] = Action(
    name="command.run",
    summary="Runs a program that the configuration allows by name; never through a shell.",
    parameters=RunParameters,
    outputs=RunOutputs,
    perform=run,
    backend=backend,
    changes=True,
    idempotent=_never,
    repeatable=repeatable,
    preview=preview,
)

CHECK: Action[CheckParameters, CommandCheckOutputs] = Action(
    name="command.check",
    summary="Runs a program that the configuration allows by name and that changes nothing, and judges its exit code.",
    parameters=CheckParameters,
    outputs=CommandCheckOutputs,
    perform=check,
    backend=backend,
)
