"""``kubernetes.pause_rollout``: as ``kubectl rollout pause`` does it; nothing to do is no error here."""

from __future__ import annotations

from remediator.actions.kubernetes.edit import EditOutputs
from remediator.actions.kubernetes.pausing import PAUSE, PausingParameters
from remediator.actions.kubernetes.workloads import backend, right, targets
from remediator.core.action import Action

ACTION = Action(
    name="kubernetes.pause_rollout",
    summary="Pauses a deployment's rollout: no pod is replaced until it is resumed.",
    parameters=PausingParameters,
    outputs=EditOutputs,
    perform=PAUSE.perform,
    backend=backend,
    changes=True,
    targets=targets,
    resolve=PAUSE.resolve,
    happened=PAUSE.happened,
    preview=PAUSE.preview,
    caution=PAUSE.warn,
    undo=PAUSE.undo,
    undo_is_safe=True,
    permissions=lambda p: (right(p, "get"), right(p, "patch")),
)
