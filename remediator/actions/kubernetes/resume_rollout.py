"""``kubernetes.resume_rollout``: as ``kubectl rollout resume`` does it; nothing to do is no error here."""

from __future__ import annotations

from remediator.actions.kubernetes.edit import EditOutputs
from remediator.actions.kubernetes.pausing import RESUME, PausingParameters
from remediator.actions.kubernetes.workloads import backend, right, targets
from remediator.core.action import Action

ACTION = Action(
    name="kubernetes.resume_rollout",
    summary="Resumes a deployment's paused rollout.",
    parameters=PausingParameters,
    outputs=EditOutputs,
    perform=RESUME.perform,
    backend=backend,
    changes=True,
    targets=targets,
    resolve=RESUME.resolve,
    happened=RESUME.happened,
    preview=RESUME.preview,
    caution=RESUME.warn,
    undo=RESUME.undo,
    undo_is_safe=False,
    permissions=lambda p: (right(p, "get"), right(p, "patch")),
)
