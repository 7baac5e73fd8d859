"""What a path names, how a refusal is worded, and what kubectl asks before anything else."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from fakes.kubernetes_changes import EVICTION, SUBS
from fakes.kubernetes_looks import METRICS
from fakes.kubernetes_refused import RefusedError
from fakes.kubernetes_world import KINDS, VERSIONS, Document, Key

_SHORT = {"deployments": ["deploy"], "statefulsets": ["sts"], "daemonsets": ["ds"], "pods": ["po"]}
_SCALED = ("deployments", "statefulsets")


class NotServedError(Exception):
    """No such group or version: answered in plain text."""


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    media: str
    body: bytes
    agent: str
    accept: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Address:
    """What a path names."""

    resource: str
    namespace: str
    name: str
    sub: str

    @property
    def key(self) -> Key:
        return (self.resource, self.namespace, self.name)

    @property
    def full(self) -> str:
        return f"{self.resource}/{self.sub}" if self.sub else self.resource


def address(path: str) -> Address:
    found = re.fullmatch(
        r"/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+/[^/]+))(?:/namespaces/(?P<ns>[^/]+))?"
        r"/(?P<resource>[a-z]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>[^/]+))?",
        path,
    )
    if not found:
        # /api/v1/namespaces/NAME is itself an object.
        alone = re.fullmatch(r"/api/v1/namespaces(?:/([^/]+))?", path)
        if not alone:
            raise RefusedError(404, "the server could not find the requested resource")
        return Address("namespaces", "", alone[1] or "", "")
    resource, sub = found["resource"], found["sub"] or ""
    if found["group"] == VERSIONS["podmetrics"]:
        resource = METRICS.get(resource, resource)
    if found["group"] and found["group"] not in VERSIONS.values():
        raise NotServedError
    known = VERSIONS.get(resource) == (found["core"] or found["group"])
    has_sub = sub == "" or (sub == "scale" and resource in _SCALED) or (sub in ("log", "exec") and resource == "pods")
    if not known or not (has_sub or (resource, sub) in SUBS):
        raise RefusedError(404, "the server could not find the requested resource")
    return Address(resource, found["ns"] or "", found["name"] or "", sub)


def verb_of(method: str, query: dict[str, str], at: Address) -> str:
    if method == "GET" and not at.name:
        return "watch" if query.get("watch") in ("1", "true") else "list"
    verbs = {"GET": "get", "PATCH": "patch", "PUT": "update", "POST": "create", "DELETE": "delete"}
    verb = verbs.get(method, "")
    if not verb or (verb == "create") == bool(at.name and at.sub != "eviction"):
        raise RefusedError(405, "the server does not allow this method on the requested resource")
    return verb


def missing(at: Address) -> RefusedError:
    return RefusedError(404, f'{plural(at)} "{at.name}" not found', name=at.name, kind=at.resource, group=group(at))


def group(at: Address) -> str:
    return VERSIONS[at.resource].rpartition("/")[0]


def plural(at: Address) -> str:
    return f"{at.resource}.{group(at)}" if group(at) else at.resource


def discovery(path: str) -> Document | None:
    """Answer what kubectl asks before it asks for anything."""
    if path == "/version":
        return {"major": "1", "minor": "33", "gitVersion": "v1.33.0", "platform": "linux/amd64"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if path == "/apis":
        served = sorted({version for version in VERSIONS.values() if "/" in version})
        groups = [(*full.split("/")[:1], full, full.split("/")[1]) for full in served]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [
            {"name": name, "versions": [{"groupVersion": full, "version": version}],
             "preferredVersion": {"groupVersion": full, "version": version}}
            for name, full, version in groups
        ]}  # fmt: skip
    version = path.removeprefix("/apis/").removeprefix("/api/")
    if path not in (f"/apis/{version}", f"/api/{version}") or version not in VERSIONS.values():
        return None
    verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
    resources: list[Document] = [
        {"name": name, "singularName": KINDS[name].lower(), "namespaced": name not in ("namespaces", "nodes"),
         "kind": KINDS[name], "verbs": verbs, "shortNames": _SHORT.get(name, [])}
        for name, of in VERSIONS.items() if of == version
    ]  # fmt: skip
    resources += [
        {"name": f"{name}/scale", "singularName": "", "namespaced": True, "kind": "Scale", "group": "autoscaling",
         "version": "v1", "verbs": ["get", "patch", "update"]}
        for name in _SCALED if version == "apps/v1"
    ]  # fmt: skip
    resources += [EVICTION] if version == "v1" else []
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}
