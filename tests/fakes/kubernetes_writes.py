"""Writes as an API server takes them: dry runs, preconditions, validation, generation and resourceVersion."""

from __future__ import annotations

import copy
import json
from typing import Any

from fakes.kubernetes_managers import record
from fakes.kubernetes_patches import apply
from fakes.kubernetes_paths import Address, RefusedError, Seen, group, plural
from fakes.kubernetes_templates import settle
from fakes.kubernetes_validation import drop, problems, refuse_new, refuse_undecodable, undeclared
from fakes.kubernetes_world import KINDS, VERSIONS, WORKLOADS, Document, World

_PATCHES = ("application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json")
_UNKNOWN_FORMAT = "the body of the request was in an unknown format - accepted media types include"


def new_object(world: World, seen: Seen, at: Address) -> Document:
    """Return the object that a POST would make; refuse what is there already and what is none."""
    if seen.media != "application/json":
        raise RefusedError(415, f"{_UNKNOWN_FORMAT}: application/json, application/yaml")
    document = _object(seen.body)
    meta = document.setdefault("metadata", {})
    titled = f"{KINDS[at.resource]}.{group(at)}" if group(at) else KINDS[at.resource]
    refuse_new(document, KINDS[at.resource], VERSIONS[at.resource], at.namespace, titled)
    if at.namespace:
        meta["namespace"] = at.namespace
    if (at.resource, at.namespace, meta["name"]) in world.objects:
        raise RefusedError(
            409, f'{plural(at)} "{meta["name"]}" already exists', reason="AlreadyExists", name=meta["name"],
            kind=at.resource, group=group(at),
        )  # fmt: skip
    return document


def create(world: World, seen: Seen, at: Address) -> Document:
    document = new_object(world, seen, at)
    meta = document["metadata"]
    key = (at.resource, at.namespace, meta["name"])
    meta["generation"] = 1
    if at.resource in WORKLOADS:
        defaults = {"strategy": {"type": "RollingUpdate"}} if at.resource == "deployments" else {
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
        }  # fmt: skip
        document["spec"] = {**defaults, **document["spec"]}
        document["status"] = {}
    record({"metadata": {}}, document, _manager(seen), world.stamp())
    world.put(at.resource, document)
    world.written(key)
    return copy.deepcopy(world.objects[key])


def write(world: World, verb: str, seen: Seen, at: Address, document: Document) -> Document:
    dry = seen.query.get("dryRun")
    if at.sub not in ("", "scale"):
        raise RefusedError(405, "the server does not allow this method on the requested resource")
    if dry not in (None, "All"):
        raise RefusedError(
            422, f'{verb.title()}Options.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["{dry}"]: '
            'supported values: "All"',
        )  # fmt: skip
    old = scale_of(document) if at.sub == "scale" else document
    if verb == "patch":
        if seen.media not in _PATCHES:
            raise RefusedError(415, "415: Unsupported Media Type")
        patch = _json(seen.body)
        new = apply(seen.media, old, patch)
        if not at.sub:
            _known_fields(seen, at, new, patch)
        refuse_undecodable(new, patch if seen.media.startswith("application/strategic") else new)
    else:
        new = _object(seen.body)
    return _store(world, at, document, old, new, dry=dry is not None, manager=_manager(seen))


def _manager(seen: Seen) -> str:
    return seen.query.get("fieldManager") or seen.agent.partition("/")[0]


def _known_fields(seen: Seen, at: Address, new: Document, patch: Any) -> None:
    """Leave out fields that this kind does not have; refuse them when the request asks for that."""
    if field := undeclared(new, KINDS[at.resource]):
        if seen.query.get("fieldValidation") == "Strict":
            why = f'strict decoding error: unknown field "{field[1:]}"'
            raise RefusedError(422, f' "" is invalid: patch: Invalid value: {json.dumps(json.dumps(patch))}: {why}')
        drop(new, field)


def _store(
    world: World, at: Address, document: Document, old: Document, new: Document, *, dry: bool, manager: str
) -> Document:
    asked = new.get("metadata", {})
    if asked.get("name") != at.name:
        raise RefusedError(
            400, f"the name of the object ({asked.get('name')}) does not match the name on the URL ({at.name})"
        )
    version = asked.get("resourceVersion", "")
    if version and not version.isdigit():
        raise RefusedError(500, f'strconv.ParseUint: parsing "{version}": invalid syntax', reason="")
    if version and version != document["metadata"]["resourceVersion"]:
        raise modified(at)
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
        record(document, result, manager, world.stamp(), at.sub)
    if not dry and result != document:
        world.put(at.resource, result)
        result = copy.deepcopy(world.objects[at.key])
        if changed:
            world.written(at.key)
    return scale_of(result) if at.sub == "scale" else result


def _validate(at: Address, old: Document, new: Document) -> None:
    kind = "Scale.autoscaling" if at.sub == "scale" else f"{KINDS[at.resource]}.{group(at)}"
    spec = new.get("spec") or {}
    replicas, uid = spec.get("replicas", 0), new.get("metadata", {}).get("uid")
    found = problems(new) if not at.sub else []
    if uid and uid != old["metadata"]["uid"]:
        found.append(f'metadata.uid: Invalid value: "{uid}": field is immutable')
    if replicas < 0:
        found.append(f"spec.replicas: Invalid value: {replicas}: must be greater than or equal to 0")
    if not found and not at.sub and at.resource in WORKLOADS and (problem := settle(spec, spec.get("selector"))):
        found.append(problem)
    if at.resource != "services" and not at.sub and spec.get("selector") != (old.get("spec") or {}).get("selector"):
        shown = json.dumps(spec.get("selector"), separators=(",", ":"))
        found.append(f"spec.selector: Invalid value: {shown}: field is immutable")
    if at.resource == "horizontalpodautoscalers" and spec.get("minReplicas", 1) > spec.get("maxReplicas", 1):
        most = spec.get("maxReplicas", 1)
        found.append(f"spec.maxReplicas: Invalid value: {most}: must be greater than or equal to `minReplicas`")
    if found:
        said = found[0] if len(found) == 1 else f"[{', '.join(found)}]"
        name, _, api = kind.partition(".")
        raise RefusedError(
            422, f'{kind.rstrip(".")} "{at.name}" is invalid: {said}', name=at.name, kind=name, group=api, causes=[
                {"field": one.partition(": ")[0], "message": one.partition(": ")[2]} for one in found
            ],
        )  # fmt: skip


def modified(at: Address) -> RefusedError:
    return RefusedError(
        409, f'Operation cannot be fulfilled on {plural(at)} "{at.name}": the object has been modified; '
        "please apply your changes to the latest version and try again", name=at.name, kind=at.resource, group=group(at),
    )  # fmt: skip


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
        raise RefusedError(400, f"error decoding patch: invalid character: {error}") from error


def _object(body: bytes) -> Document:
    document = _json(body)
    if not isinstance(document, dict):
        raise RefusedError(400, "the object provided is unrecognized (must be of type Object)")
    return document
