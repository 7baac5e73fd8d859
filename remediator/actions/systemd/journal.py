"""``systemd.journal``: the last lines of a unit's journal, and how often patterns occur in them."""

from __future__ import annotations

import math

from pydantic import Field

from remediator.actions.answers.lines import LinesOutputs, LinesParameters, Tally
from remediator.actions.answers.machine import machine_of
from remediator.actions.context import Context
from remediator.actions.systemd.connection import UnitParameters, backend
from remediator.core.action import Action, Permission
from remediator.errors import PermanentError


class JournalParameters(LinesParameters, UnitParameters):
    """Whose journal, and how much of it."""

    max_bytes: int = Field(1 << 20, ge=1024, le=16 << 20, description="Bytes that are read, the newest lines first.")


class JournalOutputs(LinesOutputs):
    """What the journal says."""

    complete: bool = Field(description="False when max_bytes cut off the oldest lines.")


async def perform(p: JournalParameters, context: Context) -> JournalOutputs:
    """Run journalctl, newest first: what is cut off then is the oldest."""
    context.connection("systemd", p.connection)
    argv = [
        "journalctl", f"--unit={p.unit}", f"--lines={p.tail}", "--reverse", "--output=short-iso", "--no-pager",
        "--quiet",
    ]  # fmt: skip
    if p.since is not None:
        argv.append(f"--since=-{math.ceil(p.since)}s")
    async with machine_of(p.connection, context) as machine:
        ran = await machine.run(argv, limit=p.max_bytes)
        if ran.code and not ran.cut:
            raise PermanentError(f"journalctl failed on {machine.place}: {ran.errors}")
    return tallied(p, ran.output, cut=ran.cut)


def tallied(p: JournalParameters, newest_first: bytes, *, cut: bool) -> JournalOutputs:
    """Count in lines that come newest first."""
    lines = newest_first.splitlines()
    if cut and lines:
        lines.pop()  # it may be half a line
    tally = Tally(p.grep, p.keep, p.count_by, p.top)
    for line in reversed(lines):
        tally.feed(line + b"\n")
    return JournalOutputs(**tally.told(), complete=not cut)


ACTION: Action[JournalParameters, JournalOutputs] = Action(
    name="systemd.journal",
    summary="Reads the end of a unit's journal and counts patterns in it.",
    parameters=JournalParameters,
    outputs=JournalOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: (Permission("run", "journalctl (group systemd-journal or adm)"),),
)
