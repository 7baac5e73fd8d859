"""``alertmanager.groups``: active alerts grouped by labels: how many, since when. For storms and fatigue."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from remediator.actions.alertmanager.alerts import Alert, FiringState, known_alerts
from remediator.actions.alertmanager.connection import LABELS, LabelName
from remediator.actions.alertmanager.silences import instant
from remediator.actions.answers.reading import excerpt
from remediator.actions.context import Context
from remediator.core.action import Action, NamesConnection, Outputs, Parameters, PromQL
from remediator.core.durations import SECOND, Duration

_LIMIT = 16 * 1024 * 1024  #: bytes of the answer: a storm is what this is for
_VALUE = 200


class GroupsParameters(Parameters):
    """Which alerts, and how to group them."""

    connection: Annotated[str, NamesConnection()] = Field(
        "default", description="Name of an entry under connections.alertmanager."
    )
    by: tuple[LabelName, ...] = Field(
        ("alertname",), min_length=1, max_length=5, description="Labels whose values make a group."
    )
    matchers: list[PromQL] = Field(
        [], max_length=LABELS, description="Alertmanager's matchers, one an item; all must hold. Default: all alerts."
    )
    recent: Duration = Field(3600.0, gt=0, description="Alerts that began within this time count as recent.")
    top: int = Field(20, ge=1, le=100, description="Groups to tell, the largest first.")


class AlertGroup(BaseModel):
    """One group."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    labels: dict[str, str] = Field(description="What its alerts have in common; values of 200 characters at most.")
    count: int = Field(description="Alerts in it.")
    firing: int = Field(description="Those neither silenced nor inhibited.")
    recent: int = Field(description="Those that began within the time asked about.")
    newest: str = Field(description="When the newest began, as Alertmanager writes it (RFC 3339).")


class GroupsOutputs(Outputs):
    """The alerts that are not over."""

    alerts: int = Field(description="How many there are.")
    firing: int = Field(description="Those neither silenced nor inhibited.")
    recent: int = Field(description="Those that began within the time asked about.")
    groups: int = Field(description="How many groups they make.")
    largest: int = Field(description="Alerts in the largest group; 0 without any.")
    newest: str = Field(description="When the newest began (RFC 3339); empty without any.")
    top: list[AlertGroup] = Field(description="The largest groups.")


async def perform(p: GroupsParameters, context: Context) -> GroupsOutputs:
    """Ask once and count."""
    known = await known_alerts(context, p.connection, p.matchers, limit=_LIMIT)
    grouped: defaultdict[tuple[str, ...], list[Alert]] = defaultdict(list)
    for alert in known:
        grouped[tuple(str(alert.labels.get(name, "")) for name in p.by)].append(alert)
    since = context.now - round(p.recent * SECOND)
    largest = sorted(grouped.items(), key=lambda item: (-len(item[1]), item[0]))
    return GroupsOutputs(
        alerts=len(known),
        firing=_firing(known),
        recent=_recent(known, since),
        groups=len(grouped),
        largest=len(largest[0][1]) if largest else 0,
        newest=_newest(known),
        top=[
            AlertGroup(
                labels={name: excerpt(value, _VALUE) for name, value in zip(p.by, values, strict=True)},
                count=len(alerts),
                firing=_firing(alerts),
                recent=_recent(alerts, since),
                newest=_newest(alerts),
            )
            for values, alerts in largest[: p.top]
        ],
    )


def _firing(alerts: list[Alert]) -> int:
    return sum(alert.state is FiringState.FIRING for alert in alerts)


def _recent(alerts: list[Alert], since: int) -> int:
    return sum((instant(alert.starts_at) or 0) >= since for alert in alerts)


def _newest(alerts: list[Alert]) -> str:
    newest = max(alerts, key=lambda alert: instant(alert.starts_at) or 0, default=None)
    return excerpt(newest.starts_at, 64) if newest else ""


ACTION: Action[GroupsParameters, GroupsOutputs] = Action(
    name="alertmanager.groups",
    summary="Counts the alerts that are not over, grouped by labels, and tells the newest.",
    parameters=GroupsParameters,
    outputs=GroupsOutputs,
    perform=perform,
    backend=lambda p: f"alertmanager/{p.connection}",
)
