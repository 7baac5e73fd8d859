"""Writes as an API server takes them: dry runs, preconditions, validation, generation and resourceVersion."""

from __future__ import annotations

import copy
import json
from typing import Any

from fakes.kubernetes_managers import record
from fakes.kubernetes_patches import apply
from fakes.kubernetes_paths import Address, RefusedError, Seen, group, plural
from fakes.kubernetes_templates import settle
from fakes.kubernetes_world import KINDS, WORKLOADS, Document, World

_PATCHES = ("application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json")
_LISTED = "application/apply-patch+yaml"


def create(world: World, body: bytes, at: Address) -> Document:
    document = _object(body)
    meta = document.setdefault("metadata", {})
    if at.namespace:
        meta["namespace"] = at.namespace
    key = (at.resource, at.namespace, meta.get("name", ""))
    if key in world.objects:
        raise RefusedError(409, f'{plural(at)} "{key[2]}" already exists', name=key[2])
    meta["generation"] = 1
    if at.resource in WORKLOADS:
        defaults = {"strategy": {"type": "RollingUpdate"}} if at.resource == "deployments" else {
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
        }  # fmt: skip
        document["spec"] = {**defaults, **document["spec"]}
        document["status"] = {}
    world.put(at.resource, document)
    world.written(key)
    return copy.deepcopy(world.objects[key])


def write(world: World, verb: str, seen: Seen, at: Address, document: Document) -> Document:
    dry = seen.query.get("dryRun")
    if at.sub not in ("", "scale"):
        raise RefusedError(405, "the server does not allow this method on the requested resource")
    if dry not in (None, "All"):
        raise RefusedError(422, f'{verb.title()}Options.meta.k8s.io "" is invalid: dryRun: Unsupported value: "{dry}"')
    old = scale_of(document) if at.sub == "scale" else document
    if verb == "patch":
        if seen.media not in _PATCHES:
            accepted = ", ".join((*_PATCHES, _LISTED))
            raise RefusedError(
                415, f"the body of the request was in an unknown format - accepted media types include: {accepted}"
            )
        new = apply(seen.media, old, _json(seen.body))
    else:
        new = _object(seen.body)
    manager = seen.query.get("fieldManager") or seen.agent.partition("/")[0]
    return _store(world, at, document, old, new, dry=dry is not None, manager=manager)


def _store(
    world: World, at: Address, document: Document, old: Document, new: Document, *, dry: bool, manager: str
) -> Document:
    asked = new.get("metadata", {})
    if asked.get("name") != at.name:
        raise RefusedError(
            400, f"the name of the object ({asked.get('name')}) does not match the name on the URL ({at.name})"
        )
    version = asked.get("resourceVersion", "")
    if version and version != document["metadata"]["resourceVersion"]:
        raise RefusedError(
            409, f'Operation cannot be fulfilled on {plural(at)} "{at.name}": the object has been modified; '
            "please apply your changes to the latest version and try again", name=at.name,
        )  # fmt: skip
    _validate(at, old, new)
    result = copy.deepcopy(document)
    if at.sub == "scale":
        result["spec"]["replicas"] = new["spec"].get("replicas", 0)
    else:
        result = {**copy.deepcopy(new), "status": copy.deepcopy(document.get("status", {}))}
        for kept in ("uid", "creationTimestamp", "generation", "resourceVersion"):
            result["metadata"][kept] = document["metadata"].get(kept)
    changed = result.get("spec") != document.get("spec")
    if changed:
        result["metadata"]["generation"] = document["metadata"].get("generation", 0) + 1
    if result != document:
        record(document, result, manager, world.stamp())
    if not dry and result != document:
        world.put(at.resource, result)
        result = copy.deepcopy(world.objects[at.key])
        if changed:
            world.written(at.key)
    return scale_of(result) if at.sub == "scale" else result


def _validate(at: Address, old: Document, new: Document) -> None:
    kind = "Scale.autoscaling" if at.sub == "scale" else f"{KINDS[at.resource]}.{group(at)}"
    replicas = new.get("spec", {}).get("replicas", 0)
    if isinstance(replicas, bool) or not isinstance(replicas, int):
        raise RefusedError(400, f"json: cannot unmarshal {type(replicas).__name__} into Go struct field .spec.replicas")
    problem = ""
    if replicas < 0:
        problem = f"spec.replicas: Invalid value: {replicas}: must be greater than or equal to 0"
    elif at.resource != "services" and not at.sub and new.get("spec", {}).get("selector") != old.get("spec", {}).get("selector"):
        problem = "spec.selector: Invalid value: field is immutable"
    elif not at.sub and at.resource in WORKLOADS:
        problem = settle(new["spec"], new["spec"].get("selector"))
    if problem:
        raise RefusedError(422, f'{kind} "{at.name}" is invalid: {problem}', name=at.name)


def scale_of(document: Document) -> Document:
    meta = document["metadata"]
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    labels = document["spec"]["selector"]["matchLabels"]
    replicas = document["spec"].get("replicas", 1)
    return {
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {name: meta[name] for name in names},
        "spec": {"replicas": replicas} if replicas else {},
        "status": {
            "replicas": document.get("status", {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in labels.items()),
        },
    }  # fmt: skip


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise RefusedError(400, f"error decoding patch: {error}") from error


def _object(body: bytes) -> Document:
    document = _json(body)
    if not isinstance(document, dict):
        raise RefusedError(400, "the object provided is unrecognized (must be of type Object)")
    return document
