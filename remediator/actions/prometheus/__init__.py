"""Asks Prometheus, or what answers like it (Thanos, Mimir, VictoriaMetrics): ``prometheus.query``.

Belongs here: instant queries, how a query's result is judged, how long a change needs to show in
it. Must not be here: anything about alerts; these are Alertmanager's.
"""

from typing import Any

from remediator.actions.prometheus.query import QUERY, Connection
from remediator.core.action import Action

__all__ = ["ACTIONS", "Connection"]

ACTIONS: tuple[Action[Any, Any], ...] = (QUERY,)
