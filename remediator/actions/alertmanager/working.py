"""Silences and runs: whether a person wants an alert quiet, and our own silence while a run works on it.

Ours is found again by the run that its comment names, so that a run that was cut off between making
it and noting it makes no second one. It has every label of the alert as an equality, and an end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from remediator.actions.alertmanager.alerts import FiringState, known_alert
from remediator.actions.alertmanager.connection import Connection
from remediator.actions.alertmanager.silence import SilenceParameters, create, stays_loud
from remediator.actions.alertmanager.silences import (
    CREATOR,
    Silence,
    expire,
    instant,
    silence_of,
    silences_of,
    stamp,
)
from remediator.actions.answers.reading import excerpt
from remediator.actions.context import Context
from remediator.core.alert import Standing
from remediator.core.durations import SECOND, duration_text
from remediator.errors import ActionError

_LOOKED_AT = 8  #: silences of one alert; more than that are not all ours
_NAME, _COMMENT = 80, 160


async def standing(context: Context, connection: str, labels: Mapping[str, str]) -> Standing:
    """Return how the alert with exactly these labels stands, our own silences left out. Raises ActionError."""
    alert = await known_alert(context, connection, labels)
    if alert is None:
        return Standing("resolved")
    if alert.state is not FiringState.SILENCED:
        return Standing(str(alert.state))
    theirs: list[Silence] = []
    for name in alert.silenced_by[:_LOOKED_AT]:
        try:
            found = await silence_of(context, context.connection("alertmanager", connection), name)
        except ActionError:  # it is there, and whose it is cannot be told: somebody wants it quiet
            return Standing("silenced")
        if found.creator != CREATOR and not found.over:
            theirs.append(found)
    if theirs:
        last = max(theirs, key=lambda silence: instant(silence.ends_at) or 0)
        said = excerpt(last.creator, _NAME), excerpt(last.comment, _COMMENT)
        return Standing("silenced", *said, until=instant(last.ends_at), silence=last.id)
    if not alert.silenced_by or len(alert.silenced_by) > _LOOKED_AT:  # muted; or by more than were looked at
        return Standing("silenced")
    return Standing("inhibited" if alert.inhibited else "firing")


async def silence_while_working(
    context: Context, connection: str, labels: Mapping[str, str], ends_at: int, why: str
) -> dict[str, Any]:
    """Silence the alert of ``context.run`` until then; return ``silence`` (its id), or ``not_silenced`` (why).

    Done again, it finds the one that is there. Raises ActionError.
    """
    known: Connection = context.connection("alertmanager", connection)
    if loud := stays_loud(known, labels):
        return {"not_silenced": loud}
    left = (ends_at - context.now) / SECOND
    if left <= 0:
        return {"not_silenced": "the run's time is up"}
    present = _present(labels)
    try:
        p = SilenceParameters(
            connection=connection, labels=present, duration=duration_text(left), comment=excerpt(why, 200)
        )
    except ValidationError:  # leaving a label out would silence more than this alert
        return {"not_silenced": "its labels cannot all be written as a silence's matchers"}
    ours = [each for each in await _of_run(context, known, present) if not each.over]
    if ours:
        return {"silence": ours[0].id}
    return {"silence": await create(context, known, p, _mark(context.run), stamp(ends_at))}


async def loud_again(context: Context, connection: str, labels: Mapping[str, str], ends: Iterable[int]) -> int:
    """End the silences of ``context.run``; return how many. One that somebody gave another end is theirs now."""
    known: Connection = context.connection("alertmanager", connection)
    written = {instant(stamp(end)) for end in ends}
    ended = 0
    for silence in await _of_run(context, known, _present(labels)):
        if not silence.over and instant(silence.ends_at) in written:
            await expire(context, known, silence)
            ended += 1
    return ended


async def _of_run(context: Context, connection: Connection, labels: Mapping[str, str]) -> list[Silence]:
    mark = _mark(context.run)
    found = await silences_of(context, connection, labels)
    return [each for each in found if each.creator == CREATOR and mark in each.comment]


def _mark(run: str) -> str:
    return f"[remediator run {run} works on it]"


def _present(labels: Mapping[str, str]) -> dict[str, str]:
    """Leave out empty labels: to Alertmanager they are absent, and its filters find none by them."""
    return {name: value for name, value in labels.items() if value != ""}
