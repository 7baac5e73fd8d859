"""What the changing actions ask for beside patches: evictions, jobs, server-side apply, removal with preconditions.

Importing this module makes the pretended server know these kinds. Set on a world, where a test wants it:
``lingers`` (evicted pods stay, being deleted), ``job_ends`` (``complete``, ``failed`` or ``running``).
"""

from __future__ import annotations

import copy
import json
from typing import Any

from fakes.kubernetes_patches import strategic
from fakes.kubernetes_refused import RefusedError
from fakes.kubernetes_validation import undeclared
from fakes.kubernetes_world import KINDS, VERSIONS, WORKLOADS, Document, World

KINDS.update({
    "jobs": "Job", "cronjobs": "CronJob", "poddisruptionbudgets": "PodDisruptionBudget",
    "certificaterequests": "CertificateRequest",
})  # fmt: skip
VERSIONS.update({
    "jobs": "batch/v1", "cronjobs": "batch/v1", "poddisruptionbudgets": "policy/v1",
    "certificaterequests": "cert-manager.io/v1",
})  # fmt: skip
SUBS = {("pods", "eviction"), ("certificates", "status")}
EVICTION = {
    "name": "pods/eviction", "singularName": "", "namespaced": True, "kind": "Eviction", "group": "policy",
    "version": "v1", "verbs": ["create"],
}  # fmt: skip
APPLY = "application/apply-patch+yaml"


def answer(world: World, verb: str, seen: Any, at: Any) -> tuple[Document, int] | None:
    """Return the answer and its status, or None when the request is none of ours."""
    dry = seen.query.get("dryRun") == "All"
    if verb == "create" and at.sub == "eviction":
        return _evict(world, seen, at, dry=dry), 201
    if at.sub == "" and verb == "create" and at.resource == "jobs":
        _refuse_job(seen.json)
    if verb == "create" and (dry or at.resource == "jobs"):
        return _create(world, seen, at, dry=dry), 201
    if verb == "patch" and seen.media == APPLY:
        return _apply(world, seen, at, dry=dry)
    if verb == "patch" and at.sub == "status" and at.key in world.objects:
        return _status(world, seen, at, dry=dry), 200
    if verb == "delete" and seen.body and at.key in world.objects:
        _precondition(world.objects[at.key], seen.json.get("preconditions", {}), at)
    return None


# Making


def budget(world: World, name: str, allowed: int, namespace: str = "shop", **labels: str) -> Document:
    """Add a PodDisruptionBudget of the pods with these labels that allows so many disruptions."""
    meta = {"name": name, "namespace": namespace}
    spec = {"selector": {"matchLabels": labels}}
    return world.put("poddisruptionbudgets", {"metadata": meta, "spec": spec, "status": {"disruptionsAllowed": allowed}})


def cron_job(world: World, name: str, namespace: str = "shop") -> Document:
    template = {"spec": {"containers": [{"name": "app", "image": "example/job:1"}], "restartPolicy": "Never"}}
    job = {"metadata": {"labels": {"team": "data"}, "annotations": {"note": "nightly"}}, "spec": {"template": template}}
    meta = {"name": name, "namespace": namespace}
    return world.put("cronjobs", {"metadata": meta, "spec": {"schedule": "0 3 * * *", "jobTemplate": job}})


def request_for(world: World, certificate: str, ago: float, namespace: str = "shop") -> Document:
    meta = {
        "name": f"{certificate}-{len(world.objects)}", "namespace": namespace, "creationTimestamp": world.stamp(ago),
        "annotations": {"cert-manager.io/certificate-name": certificate},
    }  # fmt: skip
    return world.put("certificaterequests", {"metadata": meta, "spec": {}})


def lone_pod(world: World, name: str, namespace: str = "shop", **meta: Any) -> Document:
    """Add a pod that no controller looks after."""
    return world.put("pods", {
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}, **meta},
        "spec": {"containers": [{"name": "app", "image": "example/lone:1"}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "app", "restartCount": 0, "state": {"running": {}}}]},
    })  # fmt: skip


def restarted(world: World, pod: Document, times: int) -> None:
    pod["status"]["containerStatuses"][0]["restartCount"] = times
    world.put("pods", pod)


def end_job(world: World, name: str, how: str, namespace: str = "shop") -> None:
    """End a job as ``complete`` or ``failed``, and its pod with it."""
    job = copy.deepcopy(world.objects["jobs", namespace, name])
    code = 0 if how == "complete" else 3
    kind = "Complete" if how == "complete" else "Failed"
    reason = "CompletionsReached" if how == "complete" else "BackoffLimitExceeded"
    job["status"] = {
        "succeeded" if how == "complete" else "failed": 1,
        "conditions": [{"type": kind, "status": "True", "reason": reason, "message": f"the job is {how}"}],
    }
    world.put("jobs", job)
    pod = copy.deepcopy(world.objects["pods", namespace, f"{name}-x"])
    pod["status"] = {
        "phase": "Succeeded" if how == "complete" else "Failed",
        "containerStatuses": [{"name": "app", "restartCount": 0, "state": {"terminated": {"exitCode": code}}}],
    }
    world.put("pods", pod)


# Evictions


def _evict(world: World, seen: Any, at: Any, *, dry: bool) -> Document:
    pod = world.objects.get((at.resource, at.namespace, at.name))
    body = seen.json
    if (body.get("kind"), body.get("apiVersion")) != ("Eviction", "policy/v1"):
        there, version = body.get("kind"), body.get("apiVersion")
        raise RefusedError(400, f'{there} in version "{version}" cannot be handled as a Eviction: unknown conversion')
    if body.get("metadata", {}).get("name", at.name) != at.name:
        raise RefusedError(400, "name in URL does not match name in Eviction object")
    if pod is None:
        raise RefusedError(404, f'pods "{at.name}" not found', name=at.name, kind="pods")
    options = body.get("deleteOptions") or {}
    _precondition(pod, options.get("preconditions") or {}, at)
    labels = pod["metadata"].get("labels", {}).items()
    budgets = [
        pdb for pdb in world.of("poddisruptionbudgets", at.namespace)
        if pdb["spec"]["selector"]["matchLabels"].items() <= labels
    ]  # fmt: skip
    if len(budgets) > 1:
        words = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise RefusedError(500, words, reason="")
    for pdb in budgets:
        if pdb["status"]["disruptionsAllowed"] < 1:
            cause = {"reason": "DisruptionBudget", "message": f"The disruption budget {pdb['metadata']['name']} needs it"}
            message = "Cannot evict pod as it would violate the pod's disruption budget."
            raise RefusedError(429, message, causes=[cause])
        if not dry:
            pdb["status"]["disruptionsAllowed"] -= 1
    if not dry:
        _leave(world, pod)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _leave(world: World, pod: Document) -> None:
    if getattr(world, "lingers", False):
        pod["metadata"]["deletionTimestamp"] = world.stamp()
        world.put("pods", pod)
        return
    world.remove(("pods", pod["metadata"]["namespace"], pod["metadata"]["name"]))
    for resource in WORKLOADS:  # their controllers replace it
        for item in world.of(resource, pod["metadata"]["namespace"]):
            if pod["metadata"].get("labels", {}).get("app") == item["metadata"]["name"]:
                world.finish(resource, item["metadata"]["namespace"], item["metadata"]["name"])


def _precondition(found: Document, asked: Document, at: Any) -> None:
    kind = KINDS[at.resource]
    for field, title, since in (
        ("uid", "UID", "deleted and then recreated"), ("resourceVersion", "ResourceVersion", "modified")
    ):  # fmt: skip
        wanted, there = asked.get(field), found["metadata"][field]
        if wanted and wanted != there:
            raise RefusedError(
                409, f'Operation cannot be fulfilled on {kind} "{at.name}": the {title} in the precondition ({wanted}) '
                f"does not match the {title} in record ({there}). The object might have been {since}", name=at.name,
                kind=kind,
            )  # fmt: skip


# Creating


def _refuse_job(job: Document) -> None:
    if job["spec"]["template"]["spec"].get("restartPolicy") not in ("Never", "OnFailure"):
        problem = 'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'
        raise RefusedError(422, f'Job.batch "{job["metadata"].get("name", "")}" is invalid: {problem}')


def _create(world: World, seen: Any, at: Any, *, dry: bool) -> Document:
    from fakes.kubernetes_writes import new_object  # noqa: PLC0415 -- which imports what is above

    document = new_object(world, seen, at)
    meta = document["metadata"]
    key = (at.resource, at.namespace, meta["name"])
    if dry:
        return {**document, "metadata": {**meta, "uid": "uid-dry", "creationTimestamp": world.stamp()}}
    world.put(at.resource, document)
    if at.resource == "jobs":
        _begin_job(world, document)
    return copy.deepcopy(world.objects[key])


def _begin_job(world: World, job: Document) -> None:
    name, namespace = job["metadata"]["name"], job["metadata"]["namespace"]
    job["status"] = {"active": 1}
    world.put("jobs", job)
    world.put("pods", {
        "metadata": {
            "name": f"{name}-x", "namespace": namespace, "labels": {"job-name": name},
            "ownerReferences": [{"kind": "Job", "name": name, "uid": job["metadata"]["uid"], "controller": True}],
        },
        "spec": job["spec"]["template"]["spec"],
        "status": {"phase": "Running", "containerStatuses": [{"name": "app", "restartCount": 0, "state": {"running": {}}}]},
    })  # fmt: skip
    how = getattr(world, "job_ends", "complete")
    if how != "running":
        end_job(world, name, how, namespace)


# Status


def _status(world: World, seen: Any, at: Any, *, dry: bool) -> Document:
    document, patch = copy.deepcopy(world.objects[at.key]), seen.json
    version = patch.get("metadata", {}).get("resourceVersion")
    if version and version != document["metadata"]["resourceVersion"]:
        raise _modified(at)
    document["status"] = {**document.get("status", {}), **patch["status"]}  # a custom resource: lists are replaced
    return document if dry else copy.deepcopy(world.put(at.resource, document))


# Server-side apply


def _apply(world: World, seen: Any, at: Any, *, dry: bool) -> tuple[Document, int]:
    """Merge by field, refuse what others own, give up what was applied before and is not any more."""
    body, manager = json.loads(seen.body), seen.query.get("fieldManager")
    if not manager:
        words = "fieldManager: Required value: is required for apply patch"
        raise RefusedError(422, f'PatchOptions.meta.k8s.io "" is invalid: {words}')
    old = world.objects.get(at.key)
    _refuse_body(body, at, old)
    tree = _applied(body)
    force = seen.query.get("force") == "true"
    if old is not None and not force:
        _refuse_conflicts(old, body, tree, manager)
    new = _merged(old or {}, body, tree, manager, world.stamp(), force=force)
    new["metadata"]["namespace"] = at.namespace
    if _bare(new) == _bare(old or {}):
        return copy.deepcopy(old or {}), 200
    if "spec" in new and new["spec"] != (old or {}).get("spec"):
        new["metadata"]["generation"] = (old or {"metadata": {}})["metadata"].get("generation", 0) + 1
    if dry:
        return ({**new, "kind": body["kind"], "apiVersion": body["apiVersion"]}, 200 if old else 201)
    world.put(at.resource, new)
    if at.resource in WORKLOADS:
        world.objects[at.key].setdefault("status", {})
        world.written(at.key)
    return copy.deepcopy(world.objects[at.key]), 200 if old else 201


def _refuse_body(body: Document, at: Any, old: Document | None) -> None:
    version, kind, meta = body.get("apiVersion", ""), body.get("kind", ""), body.get("metadata", {})
    if (kind, version) != (KINDS[at.resource], VERSIONS[at.resource]):
        raise RefusedError(400, f"invalid object type: {'' if '/' in version else '/'}{version}, Kind={kind}")
    if "managedFields" in meta:
        raise RefusedError(400, "metadata.managedFields must be nil")
    if meta.get("name") != at.name:
        raise RefusedError(
            400, f"the name of the object ({meta.get('name')}) does not match the name on the URL ({at.name})"
        )
    if field := undeclared(body, kind):
        said = f"failed to create typed patch object ({at.namespace}/{at.name}; {version}, Kind={kind})"
        raise RefusedError(500, f"{said}: {field}: field not declared in schema", reason="")
    if old is None and meta.get("uid"):
        mismatch = f"the provided object specified uid {meta['uid']}, and no existing object was found"
        raise RefusedError(
            409, f'Operation cannot be fulfilled on {at.resource} "{at.name}": uid mismatch: {mismatch}', name=at.name
        )
    if old is not None and meta.get("resourceVersion") not in (None, old["metadata"]["resourceVersion"]):
        raise _modified(at)


def _modified(at: Any) -> RefusedError:
    from fakes.kubernetes_writes import modified  # noqa: PLC0415 -- which imports what is above

    return modified(at)


def _applied(body: Document) -> Document:
    """Return the fields that an apply owns: all that it names, but for what identifies the object."""
    tree = _tree({key: body[key] for key in body if key not in ("apiVersion", "kind")})
    meta = {key: below for key, below in tree.pop("f:metadata", {}).items() if key not in ("f:name", "f:namespace")}
    return {**tree, **({"f:metadata": meta} if meta else {})}


def _merged(old: Document, body: Document, tree: Document, manager: str, time: str, *, force: bool) -> Document:
    new = strategic(old, body)
    entries = copy.deepcopy(old.get("metadata", {}).get("managedFields", []))
    mine = next((e for e in entries if (e["manager"], e["operation"]) == (manager, "Apply")), None)
    if mine:
        _give_up(new, mine["fieldsV1"], tree)
        entries.remove(mine)
    for entry in entries if force else ():
        _take(entry["fieldsV1"], tree)
    entries.append({"manager": manager, "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": tree, "time": time})
    new.setdefault("metadata", {})["managedFields"] = entries
    return new


def _bare(document: Document) -> Document:
    kept = {key: value for key, value in document.get("metadata", {}).items() if key != "managedFields"}
    return {**{key: document[key] for key in document if key not in ("kind", "apiVersion")}, "metadata": kept}


def _tree(value: Any) -> Document:
    return {f"f:{key}": _tree(item) if isinstance(item, dict) else {} for key, item in value.items()}


def _refuse_conflicts(old: Document, body: Document, tree: Document, manager: str) -> None:
    found = []
    for entry in old["metadata"].get("managedFields", []):
        if entry["manager"] == manager:
            continue
        found += [
            (f'"{entry["manager"]}" using {VERSIONS[_resource_of(old)]}', f".{'.'.join(path)}")
            for path in _shared(entry["fieldsV1"], tree) if _at(old, path) != _at(body, path)
        ]  # fmt: skip
    if len(found) == 1:
        raise RefusedError(409, f"Apply failed with 1 conflict: conflict with {found[0][0]}: {found[0][1]}")
    if found:
        each = {who: sorted(path for by, path in found if by == who) for who in sorted({who for who, _ in found})}
        said = "\n".join(
            f"conflicts with {who}:\n" + "\n".join(f"- {path}" for path in paths) for who, paths in each.items()
        )
        raise RefusedError(409, f"Apply failed with {len(found)} conflicts: {said}")


def _resource_of(document: Document) -> str:
    return next(resource for resource, kind in KINDS.items() if kind == document["kind"])


def _shared(one: Document, other: Document, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for key in one.keys() & other.keys():
        place = (*path, key.removeprefix("f:"))
        found += _shared(one[key], other[key], place) if one[key] and other[key] else [place]
    return found


def _at(document: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _give_up(new: Any, before: Document, now: Document) -> None:
    for key, below in before.items():
        name = key.removeprefix("f:")
        if key not in now:
            new.pop(name, None)
        elif below and isinstance(new.get(name), dict):
            _give_up(new[name], below, now[key])


def _take(theirs: Document, ours: Document) -> None:
    for key, below in ours.items():
        if key in theirs:
            if below and theirs[key]:
                _take(theirs[key], below)
            if not below or not theirs[key]:
                del theirs[key]
