"""What is run on Kubernetes: looked at, restarted, scaled, edited, evicted, applied, run once.

Belongs here: requests to an API server in raw JSON, their answers checked and bounded, one module an
action. Must not be here: kubernetes_asyncio's models (see ``library``), retries, other systems.
Importing this package does not import kubernetes_asyncio; the first request does.
"""

from __future__ import annotations

from typing import Any

from remediator.actions.kubernetes import (
    annotate,
    apply,
    certificate,
    config_map,
    cordon,
    delete_pod,
    describe,
    drain,
    endpoints,
    events,
    exec,  # noqa: A004 -- named for its action, as the others are
    history,
    hpa,
    label,
    logs,
    network,
    nodes,
    pause_rollout,
    pod_list,
    renew_certificate,
    restart,
    restart_all,
    resume_rollout,
    rollout,
    rollout_undo,
    run_job,
    scale,
    scale_all,
    secret_age,
    security,
    set_env,
    set_image,
    set_probe,
    set_resources,
    top,
)
from remediator.actions.kubernetes.connection import Connection
from remediator.actions.kubernetes.ourselves import own_places
from remediator.core.action import Action

__all__ = ["ACTIONS", "Connection", "own_places"]

ACTIONS: tuple[Action[Any, Any], ...] = (
    restart.ACTION,
    rollout.ACTION,
    scale.ACTION,
    rollout_undo.ACTION,
    pause_rollout.ACTION,
    resume_rollout.ACTION,
    set_env.ACTION,
    set_image.ACTION,
    set_resources.ACTION,
    set_probe.ACTION,
    annotate.ACTION,
    label.ACTION,
    describe.ACTION,
    logs.ACTION,
    events.ACTION,
    delete_pod.ACTION,
    cordon.CORDON,
    cordon.UNCORDON,
    drain.ACTION,
    run_job.ACTION,
    apply.ACTION,
    scale_all.ACTION,
    restart_all.ACTION,
    renew_certificate.ACTION,
    history.ACTION,
    pod_list.ACTION,
    top.ACTION,
    nodes.ACTION,
    endpoints.ACTION,
    network.ACTION,
    hpa.ACTION,
    certificate.ACTION,
    secret_age.ACTION,
    security.ACTION,
    config_map.ACTION,
    exec.LOOK,
    exec.CHANGE,
)
