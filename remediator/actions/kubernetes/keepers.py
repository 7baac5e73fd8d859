"""Who else looks after a workload: a change that we make may be put back by them."""

from __future__ import annotations

from remediator.actions.kubernetes.documents import Document, clean, objects, section, text
from remediator.actions.kubernetes.managers import managers_of

_MANAGED_BY = "app.kubernetes.io/managed-by"


def owner_of(workload: Document) -> str | None:
    """Return the object that controls this workload (``Cluster/orders``); None when none does."""
    for owner in objects(workload, "metadata", "ownerReferences"):
        if owner.get("controller") is True:
            return f"{text(owner, 'kind', limit=63)}/{text(owner, 'name', limit=253)}"
    return None


def managed_by(workload: Document) -> str | None:
    """Return the first of ``keepers_of``, else what its label ``app.kubernetes.io/managed-by`` says, or None."""
    label = clean(section(workload, "metadata", "labels").get(_MANAGED_BY), 63)
    return next(iter(keepers_of(workload)), None) or label or None


def keepers_of(workload: Document) -> tuple[str, ...]:
    """Return who looks after it, of ``operator``, ``ArgoCD``, ``Flux`` and ``Helm``.

    In this order: Argo CD and Flux may have rendered a Helm chart, whose label then says Helm.
    Sources: Kubernetes' recommended labels; Helm's label ``app.kubernetes.io/managed-by: Helm`` and
    annotation ``meta.helm.sh/release-name``; Argo CD's resource tracking; Flux' ownership labels;
    the field managers that Argo CD (``argocd-controller``), Flux (``kustomize-controller``,
    ``helm-controller``) and Helm 3 (``helm``) write with.
    """
    labels = section(workload, "metadata", "labels")
    annotations = section(workload, "metadata", "annotations")
    managers = managers_of(workload)
    signs = {
        "operator": owner_of(workload) is not None
        or "operator" in text(labels, _MANAGED_BY).lower()
        or any(manager.lower().endswith("operator") for manager in managers),
        "ArgoCD": "argocd.argoproj.io/tracking-id" in annotations
        or "argocd.argoproj.io/instance" in labels
        or "argocd-controller" in managers,
        "Flux": "kustomize.toolkit.fluxcd.io/name" in labels
        or "helm.toolkit.fluxcd.io/name" in labels
        or not managers.isdisjoint({"kustomize-controller", "helm-controller"}),
        "Helm": "meta.helm.sh/release-name" in annotations or labels.get(_MANAGED_BY) == "Helm" or "helm" in managers,
    }
    return tuple(keeper for keeper, found in signs.items() if found)
