"""Who else looks after a workload: a change that we make may be put back by them."""

from __future__ import annotations

from remediator.actions.kubernetes.documents import Document, clean, objects, section, text

_MANAGED_BY = "app.kubernetes.io/managed-by"


def owner_of(workload: Document) -> str | None:
    """Return the object that controls this workload (``Cluster/orders``); None when none does."""
    for owner in objects(workload, "metadata", "ownerReferences"):
        if owner.get("controller") is True:
            return f"{text(owner, 'kind', limit=63)}/{text(owner, 'name', limit=253)}"
    return None


def managed_by(workload: Document) -> str | None:
    """Return ``operator``, ``ArgoCD``, ``Flux``, ``Helm``, another tool's own label, or None.

    In this order: Argo CD and Flux may have rendered a Helm chart, whose label then says Helm.
    Sources: Kubernetes' recommended labels; Helm's label ``app.kubernetes.io/managed-by: Helm`` and
    annotation ``meta.helm.sh/release-name``; Argo CD's resource tracking; Flux' ownership labels.
    """
    labels = section(workload, "metadata", "labels")
    annotations = section(workload, "metadata", "annotations")
    if owner_of(workload):
        return "operator"
    if "argocd.argoproj.io/tracking-id" in annotations or "argocd.argoproj.io/instance" in labels:
        return "ArgoCD"
    if "kustomize.toolkit.fluxcd.io/name" in labels or "helm.toolkit.fluxcd.io/name" in labels:
        return "Flux"
    if "meta.helm.sh/release-name" in annotations:
        return "Helm"
    return clean(labels.get(_MANAGED_BY), 63) or None
