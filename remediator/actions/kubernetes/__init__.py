"""What is run on Kubernetes: looked at, restarted, scaled, edited, evicted, applied, run once.

Belongs here: requests to an API server in raw JSON, their answers checked and bounded, one module an
action. Must not be here: kubernetes_asyncio's models (see ``library``), retries, other systems.
Importing this package does not import kubernetes_asyncio; the first request does.
"""

from __future__ import annotations

from typing import Any

from remediator.actions.kubernetes import cordon, exec  # noqa: A004 -- named for its action, as the others are
from remediator.actions.kubernetes.connection import Connection
from remediator.actions.kubernetes.ourselves import own_places
from remediator.core.action import Action

__all__ = ["ACTIONS", "Connection", "own_places"]

ACTIONS: tuple[Action[Any, Any], ...] = (cordon.CORDON, cordon.UNCORDON, exec.LOOK, exec.CHANGE)
