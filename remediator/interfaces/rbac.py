"""Kubernetes' RBAC objects for a service account, from the rights that rules need.

Exactly those rights: one rule of a role is a product of its lists, so resources stand together only where
their group, verbs and names are the same. Rights without a namespace go into a ClusterRole, the others
into a Role of their namespace. The output is the same for the same rules, so that it can be kept in git.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml
from msgspec import Struct

from remediator.core.access import Need
from remediator.core.action import Permission

_API = "rbac.authorization.k8s.io"


class Account(Struct, frozen=True):
    """The service account that gets the rights."""

    name: str
    namespace: str

    @property
    def cluster_wide(self) -> str:
        """Name of its ClusterRole: two installations in a cluster must not share one."""
        return f"{self.namespace}:{self.name}"


def manifests(needs: Iterable[Need], account: Account) -> str:
    """Return the YAML documents: ServiceAccount, ClusterRole and Roles, each with its binding."""
    found = tuple(needs)
    permissions = {need.permission for need in found}
    rules = sorted({need.place.rule for need in found})
    head = [
        "# Made by `remediator rbac`: what these rules can need, and nothing else. Make it again when they change.",
        *(f"#   {rule}" for rule in rules),
        "# A dry run needs the verb of the change itself, so rules that only observe need it, too.",
        "",
    ]
    documents = [_object("v1", "ServiceAccount", account.name, account.namespace)]
    for namespace in sorted({permission.namespace for permission in permissions}):
        documents += _role(account, namespace, (p for p in permissions if p.namespace == namespace))
    return "\n".join(head) + yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, width=120)


def _role(account: Account, namespace: str, permissions: Iterable[Permission]) -> Iterator[dict[str, Any]]:
    kind, name = ("Role", account.name) if namespace else ("ClusterRole", account.cluster_wide)
    yield _object(f"{_API}/v1", kind, name, namespace) | {"rules": list(_rules(permissions))}
    yield _object(f"{_API}/v1", f"{kind}Binding", name, namespace) | {
        "roleRef": {"apiGroup": _API, "kind": kind, "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": account.name, "namespace": account.namespace}],
    }


def _rules(permissions: Iterable[Permission]) -> Iterator[dict[str, Any]]:
    verbs: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for permission in permissions:
        verbs[permission.group, permission.resource, permission.name].add(permission.verb)
    anywhere = {(group, resource): held for (group, resource, name), held in verbs.items() if not name}
    together: dict[tuple[str, tuple[str, ...], str], set[str]] = defaultdict(set)
    for (group, resource, name), held in verbs.items():
        # What it may do to every object of this kind need not be said again for one of them.
        left = held - anywhere.get((group, resource), set()) if name else held
        if left:
            together[group, tuple(sorted(left)), name].add(resource)
    for (group, held_verbs, name), resources in sorted(together.items()):
        named: Mapping[str, Any] = {"resourceNames": [name]} if name else {}
        yield {"apiGroups": [group], "resources": sorted(resources), **named, "verbs": list(held_verbs)}


def _object(version: str, kind: str, name: str, namespace: str) -> dict[str, Any]:
    place = {"namespace": namespace} if namespace else {}
    labels = {"app.kubernetes.io/name": "remediator"}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **place, "labels": labels}}


class _Dumper(yaml.SafeDumper):
    """Writes no anchors: the same list may stand in several roles."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True
