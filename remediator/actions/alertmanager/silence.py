"""``alertmanager.silence``: keeps alerts quiet for a bounded time; never those that the site keeps loud.

Only equalities: a regex that a label brought in could silence everything. The severities that the
connection names under ``never`` are left out by a matcher of the silence itself, so that it cannot
cover them whatever alerts come later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints, field_validator

from remediator.actions.alertmanager.connection import LABELS, Connection, LabelName
from remediator.actions.alertmanager.silences import CREATOR, Silence, expire, instant, silences_of, stamp
from remediator.actions.answers.api import change
from remediator.actions.answers.reading import excerpt
from remediator.actions.context import Context
from remediator.core.action import Action, Intent, NamesConnection, Outputs, Parameters, Permission
from remediator.core.durations import SECOND, Duration, show_duration
from remediator.errors import AmbiguousError, PermanentError

_TEXT = 300
Value = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class SilenceParameters(Parameters):
    """Which alerts, for how long."""

    connection: Annotated[str, NamesConnection()] = Field(
        "default", description="Name of an entry under connections.alertmanager."
    )
    labels: dict[LabelName, Value] = Field(
        min_length=1, max_length=LABELS, description="Labels that an alert must have, each with exactly this value."
    )
    duration: Duration = Field(gt=0, description="How long; at most the connection's longest_silence.")
    comment: str = Field("", max_length=_TEXT, description="Why, for people. The run is named beside it.")
    ends_at: str | None = Field(
        None, max_length=40, description="Until when, RFC 3339. Default: the duration after the step begins."
    )
    mark: str | None = Field(
        None, max_length=_TEXT, description="What the silence is found by again. Default: made of the run and step."
    )

    @field_validator("ends_at")
    @classmethod
    def _a_time(cls, text: str | None) -> str | None:
        if text is not None and instant(text) is None:
            raise ValueError("ends_at is a time such as 2030-01-31T12:00:00Z")
        return text


class SilenceOutputs(Outputs):
    """What became of it."""

    silence: str = Field(description="The silence's id.")
    ends_at: str = Field(description="Until when it silences (RFC 3339).")
    changed: bool = Field(description="False when it was so already.")


async def perform(p: SilenceParameters, context: Context) -> SilenceOutputs:
    """Create it, unless this very step has done so already."""
    connection = _connection(p, context)
    mark, ends_at = p.mark or _mark(context), p.ends_at or _end(p, context)
    found = await _ours(context, connection, p, mark)
    if found is not None:
        return SilenceOutputs(silence=found.id, ends_at=excerpt(found.ends_at, 40), changed=False)
    made = await create(context, connection, p, mark, ends_at)
    return SilenceOutputs(silence=made, ends_at=ends_at, changed=True)


async def create(context: Context, connection: Connection, p: SilenceParameters, mark: str, ends_at: str) -> str:
    """Create a silence that ends then (RFC 3339); return its id. PermanentError when that is not allowed."""
    end = instant(ends_at)
    if end is None or end <= context.now:
        raise PermanentError("the time of this silence is over")
    if end - context.now > round(connection.longest_silence * SECOND):
        raise PermanentError(f"a silence lasts at most {show_duration(connection.longest_silence)}")
    wanted = {
        "matchers": [*_matchers(connection, p)], "startsAt": stamp(context.now), "endsAt": ends_at,
        "createdBy": CREATOR, "comment": " ".join(filter(None, (p.comment, mark))),
    }  # fmt: skip
    answer = await change(context, connection, "POST", "/api/v2/silences", json=wanted)
    made = answer.get("silenceID") if isinstance(answer, dict) else None
    if not isinstance(made, str):
        raise AmbiguousError(f"{connection.url} did not say which silence it made")
    return excerpt(made, 64)


async def resolve(p: SilenceParameters, context: Context) -> Intent[SilenceParameters]:
    """Fix the end and the mark."""
    _connection(p, context)
    fixed = {"ends_at": p.ends_at or _end(p, context), "mark": p.mark or _mark(context)}
    return Intent(p.model_copy(update=fixed), {})


async def happened(intent: Intent[SilenceParameters], context: Context) -> bool | None:
    """Whether there is a silence with our mark, expired or not."""
    p = intent.parameters
    if p.mark is None:
        return None
    return await _ours(context, _connection(p, context), p, p.mark) is not None


async def preview(p: SilenceParameters, context: Context) -> str:
    """Say what would be quiet, and what stays loud."""
    connection = _connection(p, context)
    which = ", ".join(f'{name}="{value}"' for name, value in sorted(p.labels.items()))
    loud = f"; {' and '.join(connection.never)} stay loud" if connection.never else ""
    return excerpt(f"silence {which} for {show_duration(p.duration)} at {connection.url}{loud}", 2000)


async def undo(intent: Intent[SilenceParameters], context: Context) -> SilenceOutputs:
    """End it. PermanentError when somebody has changed it, or it cannot be found."""
    p = intent.parameters
    connection = _connection(p, context)
    found = await _ours(context, connection, p, p.mark or "")
    if found is None:
        raise PermanentError("the silence is not there any more as we made it; somebody changed it")
    # An expired one has ended by itself or by a person: either way nothing is left to undo.
    if not found.over:
        if instant(found.ends_at) != instant(p.ends_at or ""):
            raise PermanentError(f"somebody gave silence {found.id} another end; it is theirs now")
        await expire(context, connection, found)
    return SilenceOutputs(silence=found.id, ends_at=stamp(context.now), changed=not found.over)


def _connection(p: SilenceParameters, context: Context) -> Connection:
    """Return the connection. PermanentError when the site does not allow this silence."""
    connection: Connection = context.connection("alertmanager", p.connection)
    if p.duration > connection.longest_silence:
        longest = show_duration(connection.longest_silence)
        raise PermanentError(f"a silence lasts at most {longest} at connections.alertmanager.{p.connection}")
    if why := stays_loud(connection, p.labels):
        raise PermanentError(why)
    return connection


def stays_loud(connection: Connection, labels: Mapping[str, str]) -> str:
    """Return why the site never silences an alert with these labels; empty when it may be silenced."""
    severity = labels.get(connection.severity_label, "")
    if severity.lower() in {name.lower() for name in connection.never}:
        return f'{connection.severity_label} "{excerpt(severity, 64)}" is never silenced'
    return ""


async def _ours(context: Context, connection: Connection, p: SilenceParameters, mark: str) -> Silence | None:
    found = await silences_of(context, connection, p.labels)
    return next((one for one in found if one.creator == CREATOR and mark and mark in one.comment), None)


def _matchers(connection: Connection, p: SilenceParameters) -> list[dict[str, Any]]:
    matchers = [{"name": n, "value": v, "isRegex": False, "isEqual": True} for n, v in sorted(p.labels.items())]
    if connection.never:
        loud = f"(?i:{'|'.join(connection.never)})"
        matchers.append({"name": connection.severity_label, "value": loud, "isRegex": True, "isEqual": False})
    return matchers


def _mark(context: Context) -> str:
    return f"[remediator run {context.run}, step {context.key}]"


def _end(p: SilenceParameters, context: Context) -> str:
    return stamp(context.now + round(p.duration * SECOND))


ACTION: Action[SilenceParameters, SilenceOutputs] = Action(
    name="alertmanager.silence",
    summary="Silences alerts with these labels for a bounded time; never the severities that the site keeps loud.",
    parameters=SilenceParameters,
    outputs=SilenceOutputs,
    perform=perform,
    backend=lambda p: f"alertmanager/{p.connection}",
    changes=True,
    targets=lambda p: (f"alertmanager/{p.connection}",),
    resolve=resolve,
    happened=happened,
    preview=preview,
    undo=undo,
    undo_is_safe=True,
    permissions=lambda _: (
        Permission("GET", "/api/v2/silences"),
        Permission("POST", "/api/v2/silences"),
        Permission("DELETE", "/api/v2/silence/ID (for undo)"),
    ),
)
