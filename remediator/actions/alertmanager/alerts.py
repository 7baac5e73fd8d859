"""How alerts stand: ``alertmanager.alerts``; and one alert, for others to ask about (``working`` judges whose silence).

The API leaves out alerts that are over, and its filters choose supersets: ``a="1"`` finds every
alert with that label, whatever else it has. So where one alert is meant, the labels that come back
are compared with all of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from remediator.actions.alertmanager.connection import LABELS, Connection, filters_of
from remediator.actions.answers.api import ANSWER_LIMIT, ask
from remediator.actions.answers.reading import excerpt
from remediator.actions.context import Context
from remediator.core.action import Action, CheckOutputs, NamesConnection, Parameters, PromQL
from remediator.errors import PermanentError

_KEPT = 20  #: alerts in the outputs
_LABEL_LIMIT = 200  #: characters of a label's value


class FiringState(StrEnum):
    """How one alert stands at Alertmanager."""

    FIRING = "firing"
    SILENCED = "silenced"  #: by a silence, or muted by a time interval
    INHIBITED = "inhibited"
    GONE = "gone"  #: Alertmanager knows no such alert, or it is over


class AlertsParameters(Parameters):
    """Which alerts, and what they should be."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)

    connection: Annotated[str, NamesConnection()] = Field(
        "default", description="Name of an entry under connections.alertmanager."
    )
    labels: dict[str, str] = Field(
        {}, max_length=LABELS, description="All labels of one alert; alerts with more or fewer labels do not count."
    )
    matchers: list[PromQL] = Field(
        [], max_length=LABELS, description="Instead of labels: Alertmanager's matchers, one an item; all must hold."
    )
    is_: Literal["resolved", "firing", "silenced"] = Field(
        "resolved",
        alias="is",
        description="What holds: resolved (there is none, not even a silenced or inhibited one), firing (at least one "
        "fires), silenced (there are some, and every one is silenced).",
    )

    @model_validator(mode="after")
    def _one_choice(self) -> AlertsParameters:
        if bool(self.labels) == bool(self.matchers):
            raise ValueError("give one of labels and matchers")
        return self


class AlertState(BaseModel):
    """One alert."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    labels: dict[str, str] = Field(description="Its labels; values of 200 characters at most.")
    state: Literal["firing", "silenced", "inhibited"] = Field(description="How it stands.")
    starts_at: str = Field("", description="When it began, as Alertmanager writes it (RFC 3339).")


class AlertsOutputs(CheckOutputs):
    """How the alerts stand. An Alertmanager that has just started knows none until Prometheus sends them again."""

    holds: bool = Field(description="Whether the alerts are what was asked for.")
    reason: str = Field("", description="Why, in a sentence.")
    firing: int = Field(0, description="Alerts that fire and are neither silenced nor inhibited.")
    silenced: int = Field(0, description="Alerts that are silenced, or muted by a time interval.")
    inhibited: int = Field(0, description="Alerts that are inhibited and not silenced.")
    resolved: bool = Field(True, description="Whether there is none of these.")
    alerts: list[AlertState] = Field([], description="The first 20.")


class Alert(NamedTuple):
    """One alert, as Alertmanager knows it."""

    labels: Mapping[str, str]
    state: FiringState
    starts_at: str
    silenced_by: tuple[str, ...] = ()  #: ids; several silences may cover one alert
    inhibited: bool = False  #: told apart, for what is silenced may be inhibited, too


async def still_firing(context: Context, connection: str, labels: Mapping[str, str]) -> FiringState:
    """Return how the alert with exactly these labels stands. Raises ActionError when that cannot be learnt."""
    alert = await known_alert(context, connection, labels)
    return FiringState.GONE if alert is None else alert.state


async def known_alert(context: Context, connection: str, labels: Mapping[str, str]) -> Alert | None:
    """Return the alert with exactly these labels; None when there is none, or it is over. Raises ActionError."""
    known = await known_alerts(context, connection, filters_of(labels))
    return next((alert for alert in known if _same(alert.labels, labels)), None)


async def alerts(parameters: AlertsParameters, context: Context) -> AlertsOutputs:
    """Ask once and count the alerts by state."""
    filters = filters_of(parameters.labels) if parameters.labels else parameters.matchers
    known = await known_alerts(context, parameters.connection, filters)
    if parameters.labels:
        known = [alert for alert in known if _same(alert.labels, parameters.labels)]
    count = Counter(alert.state for alert in known)
    firing, silenced, inhibited = (count[s] for s in (FiringState.FIRING, FiringState.SILENCED, FiringState.INHIBITED))
    holds = {
        "resolved": not known,
        "firing": firing > 0,
        "silenced": bool(known) and silenced == len(known),
    }[parameters.is_]
    return AlertsOutputs(
        holds=holds,
        reason=f"{firing} firing, {silenced} silenced, {inhibited} inhibited" if known else "no such alert fires",
        firing=firing,
        silenced=silenced,
        inhibited=inhibited,
        resolved=not known,
        alerts=[_shown(alert) for alert in known[:_KEPT]],
    )


async def known_alerts(
    context: Context, name: str, filters: Iterable[str], *, limit: int = ANSWER_LIMIT
) -> list[Alert]:
    """Return the alerts that are not over, as Alertmanager filters them."""
    connection: Connection = context.connection("alertmanager", name)
    wanted = [(state, "true") for state in ("active", "silenced", "inhibited", "unprocessed")]
    query = [*wanted, *(("filter", text) for text in filters)]
    answer = await ask(context, connection, "/api/v2/alerts", query=query, limit=limit)
    if not isinstance(answer, list):
        raise PermanentError(f"{connection.url} does not answer as Alertmanager does")
    try:
        return [_read(item) for item in answer]
    except (KeyError, TypeError, ValueError) as error:
        raise PermanentError(f"{connection.url} sent an alert that cannot be read") from error


def _read(item: Any) -> Alert:
    labels, status = item["labels"], item["status"]
    if not isinstance(labels, dict) or not isinstance(status, dict):
        raise TypeError("an alert has labels and a status")
    silenced_by = tuple(str(each) for each in status.get("silencedBy") or ())
    return Alert(
        labels, _state(status), str(item.get("startsAt", "")), silenced_by, inhibited=bool(status.get("inhibitedBy"))
    )


def _state(status: dict[str, Any]) -> FiringState:
    state = status["state"]
    if state not in {"active", "unprocessed", "suppressed"}:
        raise ValueError("this state is not known")
    if status.get("silencedBy") or status.get("mutedBy"):
        return FiringState.SILENCED
    if status.get("inhibitedBy"):
        return FiringState.INHIBITED
    # Suppressed for a reason that is not told: somebody wanted it quiet.
    return FiringState.SILENCED if state == "suppressed" else FiringState.FIRING


def _same(left: Mapping[str, str], right: Mapping[str, str]) -> bool:
    # A label that is empty is a label that is absent.
    return {k: v for k, v in left.items() if v != ""} == {k: v for k, v in right.items() if v != ""}


def _shown(alert: Alert) -> AlertState:
    first = list(alert.labels.items())[:LABELS]
    return AlertState(
        labels={excerpt(name, _LABEL_LIMIT): excerpt(str(value), _LABEL_LIMIT) for name, value in first},
        state=alert.state.value,
        starts_at=excerpt(alert.starts_at, 64),
    )


def backend(parameters: AlertsParameters) -> str:
    """Return ``alertmanager/NAME``."""
    return f"alertmanager/{parameters.connection}"


ALERTS: Action[AlertsParameters, AlertsOutputs] = Action(
    name="alertmanager.alerts",
    summary="Asks Alertmanager whether alerts fire, are silenced or are over.",
    parameters=AlertsParameters,
    outputs=AlertsOutputs,
    perform=alerts,
    backend=backend,
)
