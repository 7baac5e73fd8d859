"""Workloads of a Kubernetes cluster: restart, scale, follow a rollout, look, run allowed commands.

Belongs here: requests to an API server in raw JSON, their answers checked and bounded, one module an
action. Must not be here: kubernetes_asyncio's models (see ``library``), retries, other systems.
Importing this package does not import kubernetes_asyncio; the first request does.
"""

from __future__ import annotations

from typing import Any

from remediator.actions.kubernetes import (
    certificate,
    config_map,
    describe,
    endpoints,
    events,
    exec,  # noqa: A004 -- named for its action, as the others are
    history,
    hpa,
    logs,
    network,
    nodes,
    pod_list,
    restart,
    rollout,
    scale,
    secret_age,
    top,
)
from remediator.actions.kubernetes.connection import Connection
from remediator.core.action import Action

__all__ = ["ACTIONS", "Connection"]

ACTIONS: tuple[Action[Any, Any], ...] = (
    restart.ACTION,
    rollout.ACTION,
    scale.ACTION,
    describe.ACTION,
    logs.ACTION,
    events.ACTION,
    history.ACTION,
    pod_list.ACTION,
    top.ACTION,
    nodes.ACTION,
    endpoints.ACTION,
    network.ACTION,
    hpa.ACTION,
    certificate.ACTION,
    secret_age.ACTION,
    config_map.ACTION,
    exec.LOOK,
    exec.CHANGE,
)
