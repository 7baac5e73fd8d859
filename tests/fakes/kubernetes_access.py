"""What the account of a pretended API server may do: by RBAC objects, as the real one reads them.

    server.access = Access.of(text_of_remediator_rbac)
    server.access.take("patch", "deployments", "shop")

Sources: Kubernetes, "Using RBAC Authorization" and "Authorization" (SelfSubjectAccessReview).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import yaml
from fakes.kubernetes_paths import Address, RefusedError, group, plural

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass
class Access:
    """Rights: (verb, group, resource, namespace, name); an empty namespace means all of them, an empty name any."""

    account: str
    rights: set[tuple[str, str, str, str, str]] = field(default_factory=set)

    @classmethod
    def of(cls, manifests: str) -> Self:
        """Read the documents that one ServiceAccount comes with; each role counts only if it is bound to it."""
        documents = list(yaml.safe_load_all(manifests))
        account = next(item["metadata"] for item in documents if item["kind"] == "ServiceAccount")
        made = cls(f"system:serviceaccount:{account['namespace']}:{account['name']}")
        subject = {"kind": "ServiceAccount", "name": account["name"], "namespace": account["namespace"]}
        bound = {
            (item["roleRef"]["kind"], item["roleRef"]["name"], item["metadata"].get("namespace", ""))
            for item in documents if item["kind"].endswith("Binding") and subject in item["subjects"]
        }  # fmt: skip
        for item in documents:
            namespace = item["metadata"].get("namespace", "")
            if (item["kind"], item["metadata"]["name"], namespace) in bound:
                made.rights |= {
                    (verb, api, resource, namespace, name)
                    for rule in item["rules"] for verb in rule["verbs"] for api in rule["apiGroups"]
                    for resource in rule["resources"] for name in rule.get("resourceNames", [""])
                }  # fmt: skip
        return made

    def take(self, verb: str, resource: str, namespace: str) -> None:
        """Take a right away; it must have been there."""
        gone = {right for right in self.rights if (right[0], *right[2:4]) == (verb, resource, namespace)}
        assert gone, (verb, resource, namespace)
        self.rights -= gone

    def may(self, verb: str, api: str, resource: str, namespace: str, name: str) -> bool:
        wanted = [(verb, api, resource, n, o) for n in {namespace, ""} for o in {name, ""}]
        return any(right in self.rights for right in wanted)


def review(access: Access | None, asked: Any) -> dict[str, Any]:
    """Answer a SelfSubjectAccessReview."""
    what = asked["spec"]["resourceAttributes"]
    sub = f"/{what['subresource']}" if what.get("subresource") else ""
    namespace, name = what.get("namespace", ""), what.get("name", "")
    allowed = access is None or access.may(
        what["verb"], what.get("group", ""), what["resource"] + sub, namespace, name
    )
    return {**asked, "metadata": {}, "status": {"allowed": allowed, **({"reason": "RBAC: allowed"} if allowed else {})}}


def forbidden(access: Access, verb: str, at: Address) -> RefusedError:
    where = f' in the namespace "{at.namespace}"' if at.namespace else " at the cluster scope"
    return RefusedError(
        403, f'{plural(at)} "{at.name}" is forbidden: User "{access.account}" cannot {verb} resource "{at.full}" '
        f'in API group "{group(at)}"{where}', name=at.name,
    )  # fmt: skip
