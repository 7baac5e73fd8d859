"""``docker.logs``: the last lines of a container, and how often patterns occur in them."""

from __future__ import annotations

from pydantic import Field

from remediator.actions.answers.lines import CountBy, Counted, CountedRest, Pattern, PatternName, Tally, Top
from remediator.actions.context import Context
from remediator.actions.docker.connection import LOOKS, ContainerParameters, backend
from remediator.actions.docker.engine import engine_of
from remediator.actions.docker.state import section
from remediator.core.action import Action, Outputs, Permission
from remediator.core.durations import SECOND, Duration

_HEAD = 8  #: bytes before each piece of a log of two streams: stream, 0, 0, 0, length


class LogsParameters(ContainerParameters):
    """Whose log, and how much of it."""

    tail: int = Field(500, ge=1, le=100_000, description="Lines from the end.")
    since: Duration | None = Field(
        None, gt=0, description="Only lines written within this time. Default: all there are."
    )
    grep: dict[PatternName, Pattern] = Field(
        default_factory=dict, max_length=10,
        description="RE2 patterns by name; a line fits when a pattern is found anywhere in it. 10 at most.",
    )  # fmt: skip
    count_by: CountBy = Field(default_factory=dict)
    top: Top = 10
    keep: int = Field(
        20, ge=0, le=200, description="Lines to return: those that fit a pattern, or any when there are no patterns."
    )
    max_bytes: int = Field(1 << 20, ge=1024, le=16 << 20, description="Bytes that are read.")


class LogsOutputs(Outputs):
    """What the log says."""

    lines: int = Field(description="Lines that were read.")
    matched: int = Field(description="Lines that fit any pattern.")
    counts: dict[str, int] = Field(description="Lines that fit, by the pattern's name.")
    counted: Counted = Field(default_factory=dict)
    counted_rest: CountedRest = Field(default_factory=dict)
    shown: tuple[str, ...] = Field(
        description="The last lines that fit (without patterns: the last lines), as many as keep says, 500 characters "
        "each at most."
    )
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
    return LogsOutputs(
        lines=tally.lines,
        matched=tally.matched,
        counts=tally.counts,
        counted=tally.counted,
        counted_rest=tally.counted_rest,
        shown=tuple(tally.kept),
        complete=not cut,
    )


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
