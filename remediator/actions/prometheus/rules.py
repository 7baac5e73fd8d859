"""``prometheus.rules``: the alerting rules and their state, and rules that cannot be evaluated (GET /api/v1/rules)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from remediator.actions.answers.reading import Regex, matches_whole
from remediator.actions.context import Context
from remediator.actions.prometheus.answer import data_of, objects, text
from remediator.actions.prometheus.connection import Connection
from remediator.core.action import Action, NamesConnection, Outputs, Parameters

_KEPT = 50
_ERROR = 300
_ORDER = {"firing": 0, "pending": 1, "inactive": 2}


class RulesParameters(Parameters):
    """Which rules."""

    connection: Annotated[str, NamesConnection()] = Field(
        "default", description="Name of an entry under connections.prometheus."
    )
    rule: Regex | None = Field(None, description="Only rules whose name matches this RE2 as a whole.")


class AlertingRule(BaseModel):
    """One alerting rule."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: str = Field(description="The alert's name.")
    group: str = Field(description="The rule's group.")
    state: str = Field(description='"firing", "pending", "inactive"; "unknown" before its first evaluation.')
    alerts: int = Field(description="Alerts of it that are pending or fire.")


class FailingRule(BaseModel):
    """One rule that cannot be evaluated."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: str = Field(description="The alert's or the recorded series' name.")
    group: str = Field(description="The rule's group.")
    kind: str = Field(description='"alerting" or "recording".')
    error: str = Field(description="What Prometheus said of the last evaluation; 300 characters at most.")


class RulesOutputs(Outputs):
    """The rules."""

    alerting: int = Field(description="Alerting rules.")
    firing: int = Field(description="Those that fire.")
    pending: int = Field(description="Those whose condition does not hold long enough yet.")
    inactive: int = Field(description="Those whose condition does not hold.")
    failing: int = Field(description="Rules, recording ones too, whose last evaluation failed.")
    rules: list[AlertingRule] = Field(description="Alerting rules, firing ones first, 50 at most.")
    failures: list[FailingRule] = Field(description="Rules whose last evaluation failed, 50 at most.")


async def perform(p: RulesParameters, context: Context) -> RulesOutputs:
    """Ask once and count."""
    connection: Connection = context.connection("prometheus", p.connection)
    data = await data_of(context, connection, "/api/v1/rules")
    rules: list[AlertingRule] = []
    failures: list[FailingRule] = []
    for group in objects(data.get("groups")):
        for rule in objects(group.get("rules")):
            name, of = text(rule, "name"), text(group, "name")
            if p.rule is not None and not matches_whole(p.rule, name):
                continue
            if text(rule, "type") == "alerting":
                rules.append(
                    AlertingRule(name=name, group=of, state=_state(rule), alerts=len(objects(rule.get("alerts"))))
                )
            if text(rule, "health") == "err":
                error = text(rule, "lastError", _ERROR)
                failures.append(FailingRule(name=name, group=of, kind=text(rule, "type"), error=error))
    rules.sort(key=lambda rule: (_ORDER.get(rule.state, len(_ORDER)), rule.name))
    states = [rule.state for rule in rules]
    return RulesOutputs(
        alerting=len(rules),
        firing=states.count("firing"),
        pending=states.count("pending"),
        inactive=states.count("inactive"),
        failing=len(failures),
        rules=rules[:_KEPT],
        failures=failures[:_KEPT],
    )


def _state(rule: dict[str, Any]) -> str:
    state = text(rule, "state")
    return state if state in _ORDER else "unknown"


ACTION: Action[RulesParameters, RulesOutputs] = Action(
    name="prometheus.rules",
    summary="Tells the alerting rules and their states, and which rules Prometheus cannot evaluate.",
    parameters=RulesParameters,
    outputs=RulesOutputs,
    perform=perform,
    backend=lambda p: f"prometheus/{p.connection}",
)
