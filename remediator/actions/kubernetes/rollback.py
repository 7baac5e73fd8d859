"""The patch that brings a revision's pod template back, as kubectl makes it. Pure."""

from __future__ import annotations

from typing import Any

from remediator.actions.kubernetes.api import JSON_PATCH, STRATEGIC_PATCH
from remediator.actions.kubernetes.documents import Document, section, text
from remediator.actions.kubernetes.revisions import REVISION, Revision

# kubectl leaves these to those who keep them (kubectl, pkg/polymorphichelpers, rollback): the deployment's stay.
_KEPT = (
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
)


def rollback_patch(workload: Document, revision: Revision) -> tuple[Any, str]:
    """Return the patch and its media type, bound to the resourceVersion that was read."""
    version = text(workload, "metadata", "resourceVersion")
    if workload.get("kind") != "Deployment":
        template = {**revision.template, "$patch": "replace"}
        return {"metadata": {"resourceVersion": version}, "spec": {"template": template}}, STRATEGIC_PATCH
    present = section(workload, "metadata", "annotations")
    former = section(revision.item, "metadata", "annotations")
    annotations = {key: present[key] for key in _KEPT if key in present}
    annotations |= {key: value for key, value in former.items() if key not in _KEPT}
    patch = [
        {"op": "replace", "path": "/spec/template", "value": revision.template},
        {"op": "replace" if present else "add", "path": "/metadata/annotations", "value": annotations},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
    ]
    return patch, JSON_PATCH
