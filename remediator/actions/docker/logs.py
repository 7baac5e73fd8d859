"""``docker.logs``: the last lines of a container, and how often patterns occur in them."""

from __future__ import annotations

from pydantic import Field

from remediator.actions.answers.lines import LinesOutputs, LinesParameters, Tally
from remediator.actions.context import Context
from remediator.actions.docker.connection import LOOKS, ContainerParameters, backend
from remediator.actions.docker.engine import engine_of
from remediator.actions.docker.state import section
from remediator.core.action import Action, Permission
from remediator.core.durations import SECOND

_HEAD = 8  #: bytes before each piece of a log of two streams: stream, 0, 0, 0, length


class LogsParameters(LinesParameters, ContainerParameters):
    """Whose log, and how much of it."""


class LogsOutputs(LinesOutputs):
    """What the log says."""

    complete: bool = Field(description="False when max_bytes cut something off: then the newest lines are missing.")


async def perform(p: LogsParameters, context: Context) -> LogsOutputs:
    """Read the log through the patterns."""
    query = {"stdout": "1", "stderr": "1", "tail": str(p.tail)}
    if p.since is not None:
        query["since"] = f"{max(context.now / SECOND - p.since, 0):.0f}"
    tally = Tally(p.grep, p.keep, p.count_by, p.top)
    async with engine_of(p.connection, context) as (_, engine):
        container = await engine.find(p)
        terminal = section(await engine.inspect(container), "Config").get("Tty") is True
        data, cut = await engine.log(container, query, p.max_bytes)
    tally.feed(data if terminal else joined(data))
    tally.end()
    return LogsOutputs(**tally.told(), complete=not cut)


def joined(data: bytes) -> bytes:
    """Return the text of a stream whose pieces have heads (Docker's API, "Stream format")."""
    pieces, place = [], 0
    while place + _HEAD <= len(data):
        length = int.from_bytes(data[place + 4 : place + _HEAD], "big")
        pieces.append(data[place + _HEAD : place + _HEAD + length])
        place += _HEAD + length
    return b"".join(pieces)


ACTION: Action[LogsParameters, LogsOutputs] = Action(
    name="docker.logs",
    summary="Reads the end of a container's log and counts patterns in it.",
    parameters=LogsParameters,
    outputs=LogsOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: (
        *LOOKS,
        Permission("GET", "/containers/NAME/logs"),
    ),
)
