"""Speaks to Alertmanager (API v2): how alerts stand, which there are, and silences for a bounded time.

Belongs here: alerts and silences as Alertmanager knows them. Must not be here: queries and rules, which
are Prometheus'; escalations, which the reporter posts. A silence is never longer than the site allows,
and never covers the severities that the site keeps loud.
"""

from typing import Any

from remediator.actions.alertmanager.alerts import ALERTS, FiringState, still_firing
from remediator.actions.alertmanager.connection import Connection
from remediator.core.action import Action

__all__ = [
    "ACTIONS",
    "Connection",
    "FiringState",
    "still_firing",
]

ACTIONS: tuple[Action[Any, Any], ...] = (ALERTS,)
