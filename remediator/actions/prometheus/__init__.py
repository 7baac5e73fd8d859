"""Asks Prometheus, or what answers like it (Thanos, Mimir, VictoriaMetrics).

Belongs here: queries, how their results are judged, how long a change needs to show in them, and how
Prometheus itself does: its targets and rules. Must not be here: anything about alerts; these are Alertmanager's.
"""

from typing import Any

from remediator.actions.prometheus.connection import Connection
from remediator.actions.prometheus.query import QUERY
from remediator.core.action import Action

__all__ = ["ACTIONS", "Connection"]

ACTIONS: tuple[Action[Any, Any], ...] = (QUERY,)
