"""May we? Asked of the API server itself, by SelfSubjectAccessReview.

Source: Kubernetes, "Authorization", ``authorization.k8s.io/v1``: ``status.allowed`` is the answer; ``denied``
and ``evaluationError`` explain it. Every authenticated user may ask (ClusterRole ``system:basic-user``).
"""

from __future__ import annotations

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import open_api
from remediator.actions.kubernetes.documents import clean, flag, section
from remediator.core.action import Permission

_PATH = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


async def why_not(context: Context, connection: str, permission: Permission) -> str | None:
    """Return None when this connection's account has the right, else what the server said (may be empty).

    Raises ActionError when it cannot be asked. Only a plain "allowed" counts.
    """
    api = await open_api(context, connection)
    resource, _, subresource = permission.resource.partition("/")
    asked = {
        "verb": permission.verb, "group": permission.group, "resource": resource, "subresource": subresource,
        "namespace": permission.namespace, "name": permission.name,
    }  # fmt: skip
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {key: value for key, value in asked.items() if value}},
    }
    status = section(await api.request("POST", _PATH, body=body), "status")
    if flag(status, "allowed") and not flag(status, "denied"):
        return None
    return clean(status.get("reason")) or clean(status.get("evaluationError"))
