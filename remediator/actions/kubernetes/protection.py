"""Whether something that an action finds only while it looks must not be changed.

The engine judges the targets that an action declares. A node, a namespace or a set of labels does not
name what is in it: a pod that must stay is found here, by its own name, its namespace's and its owner's.
"""

from __future__ import annotations

from remediator.actions.context import Context
from remediator.actions.kubernetes.documents import Document, objects, text
from remediator.core.guards import place_matches
from remediator.errors import PermanentError

_HASH = "pod-template-hash"


def pod_protected_by(context: Context, connection: str, pod: Document) -> str:
    """Return the pattern that protects this pod, its namespace or the workload that it belongs to; empty when none."""
    namespace = f"kubernetes/{connection}/{text(pod, 'metadata', 'namespace')}"
    places = [namespace, f"{namespace}/pod/{text(pod, 'metadata', 'name')}"]
    for owner in objects(pod, "metadata", "ownerReferences"):
        kind, name = text(owner, "kind").lower(), text(owner, "name")
        places.append(f"{namespace}/{kind}/{name}")
        if kind == "replicaset":  # of a Deployment: its name, and the hash that its pods bear
            hashed = text(pod, "metadata", "labels", _HASH)
            places.append(f"{namespace}/deployment/{name.removesuffix(f'-{hashed}')}")
    return _first(context, places)


def refuse_protected_pods(context: Context, connection: str, pods: list[Document]) -> None:
    """Raise PermanentError when one of these pods must not be changed."""
    for pod in pods:
        if pattern := pod_protected_by(context, connection, pod):
            title = f"pod {text(pod, 'metadata', 'namespace')}/{text(pod, 'metadata', 'name')}"
            raise PermanentError(f"{title} is protected by {pattern}; see allow.protected")


def refuse_protected(context: Context, target: str) -> None:
    """Raise PermanentError when this target must not be changed."""
    if pattern := _first(context, [target]):
        raise PermanentError(f"{target} is protected by {pattern}; see allow.protected")


def _first(context: Context, places: list[str]) -> str:
    return next((pattern for pattern in context.protected for place in places if place_matches(pattern, place)), "")
