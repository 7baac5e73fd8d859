"""What the API says of pauses: which hold, and whether the rule that one names is there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from remediator.core.guards import Pause
from remediator.core.matcher_syntax import shown
from remediator.core.problems import nearest
from remediator.core.rules import RuleTable


def holding(pauses: Iterable[Pause], now: int) -> list[dict[str, Any]]:
    """Return the pauses that hold now as a JSON document."""
    return [
        {"scope": p.scope, "author": p.author, "reason": p.reason, "until": p.until, "at": p.at, "kind": p.kind}
        for p in pauses
        if p.until is None or p.until > now
    ]


def warning(scope: str, table: RuleTable) -> str:
    """Return what may be wrong with a pause for a rule that is not there; it may be meant for one that is to come."""
    kind, _, name = scope.partition(":")
    if kind != "rule" or table.rule(name) is not None:
        return ""
    meant = nearest(name, (rule.name for rule in table.rules)) or "no rules are loaded"
    return f'there is no rule "{shown(name, 80)}" now; {meant}'
