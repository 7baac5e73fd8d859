"""The objects of a pretended cluster and the controllers that move them. No HTTP here.

``controllers`` says how a rollout goes on:

- ``instant``: the moment something is written, it is complete;
- ``stepwise``: each time the workload is read, it goes on by one stage afterwards;
- ``manual``: only when a test calls ``step`` or ``finish``.
"""

from __future__ import annotations

import copy
import hashlib
import itertools
import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.kubernetes_revisions import keep_revision

Document = dict[str, Any]
Key = tuple[str, str, str]  #: resource, namespace, name

KINDS = {
    "deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet",
    "replicasets": "ReplicaSet", "pods": "Pod", "events": "Event", "namespaces": "Namespace",
    "horizontalpodautoscalers": "HorizontalPodAutoscaler",
}  # fmt: skip
VERSIONS = {
    **dict.fromkeys(("deployments", "statefulsets", "daemonsets", "replicasets"), "apps/v1"),
    **dict.fromkeys(("pods", "events", "namespaces"), "v1"),
    "horizontalpodautoscalers": "autoscaling/v2",
}  # fmt: skip
KINDS |= {"controllerrevisions": "ControllerRevision", "services": "Service", "resourcequotas": "ResourceQuota"}
VERSIONS |= {"controllerrevisions": "apps/v1", "services": "v1", "resourcequotas": "v1"}
WORKLOADS = ("deployments", "statefulsets", "daemonsets")
NODES = 3
_REVISION = "deployment.kubernetes.io/revision"
_LAST_STAGE = 4  # 1 observed, 2 half of the pods new, 3 all new but one is old too, 4 complete


def digest(template: Any) -> str:
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]


class World:
    """Objects by resource, namespace and name; every write leaves a trace for watches."""

    def __init__(self, controllers: str = "instant", now: datetime | None = None) -> None:
        self.objects: dict[Key, Document] = {}
        self.controllers = controllers
        self.now = now or datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
        self.history: list[tuple[int, str, Key, Document]] = []
        self._versions = itertools.count(1001)
        self.version = 1000
        self._stages: dict[Key, int] = {}
        self._suffixes = itertools.count(1)

    # Storing

    def stamp(self, ago: float = 0) -> str:
        return (self.now - timedelta(seconds=ago)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def put(self, resource: str, document: Document) -> Document:
        """Store an object; give it what the server gives: uid, resourceVersion, creation time."""
        meta = document["metadata"]
        key = (resource, meta.get("namespace", ""), meta["name"])
        known = key in self.objects
        meta.setdefault("uid", f"uid-{'-'.join(key)}-{next(self._suffixes)}")
        meta.setdefault("creationTimestamp", self.stamp())
        self.version = next(self._versions)
        meta["resourceVersion"] = str(self.version)
        document = {**document, "kind": KINDS[resource], "apiVersion": VERSIONS[resource]}
        self.objects[key] = document
        self.history.append((self.version, "MODIFIED" if known else "ADDED", key, copy.deepcopy(document)))
        return document

    def remove(self, key: Key) -> Document:
        document = self.objects.pop(key)
        self._stages.pop(key, None)
        self.version = next(self._versions)
        self.history.append((self.version, "DELETED", key, document))
        uid = document["metadata"]["uid"]
        inside = key[2] if key[0] == "namespaces" else None
        for other in [k for k, item in self.objects.items() if k[1] == inside or _owned_by(item, uid)]:
            if other in self.objects:
                self.remove(other)
        return document

    def of(self, resource: str, namespace: str = "") -> list[Document]:
        found = [item for key, item in self.objects.items() if key[0] == resource and namespace in ("", key[1])]
        return sorted(found, key=lambda item: (item["metadata"].get("namespace", ""), item["metadata"]["name"]))

    # Making

    def workload(self, kind: str, name: str, namespace: str = "shop", **more: Any) -> Document:
        """Add a deployment, statefulset or daemonset whose pods all run. ``more`` is merged into ``spec``."""
        resource = f"{kind}s"
        labels = {"app": name}
        spec: Document = {"selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": f"example/{name}:1"}]},
        }}  # fmt: skip
        if kind == "deployment":
            spec |= {"replicas": 2, "strategy": {"type": "RollingUpdate"}, "progressDeadlineSeconds": 600}
        elif kind == "statefulset":
            spec |= {"replicas": 2, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}}
        else:
            spec |= {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}}
        meta = {"name": name, "namespace": namespace, "labels": dict(labels), "generation": 1}
        document = self.put(resource, {"metadata": meta, "spec": {**spec, **more}, "status": {}})
        self.finish(resource, namespace, name)
        return document

    def autoscaler(self, name: str, kind: str, target: str, namespace: str = "shop") -> Document:
        spec = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": target}, "maxReplicas": 9}
        return self.put("horizontalpodautoscalers", {"metadata": {"name": name, "namespace": namespace}, "spec": spec})

    def event(
        self, about: str, reason: str, message: str = "", *, namespace: str = "shop",
        warning: bool = True, count: int = 1, ago: float = 0,
    ) -> Document:  # fmt: skip
        kind, name = about.split("/")
        return self.put("events", {
            "metadata": {"name": f"{name}.{next(self._suffixes):x}", "namespace": namespace},
            "involvedObject": {"kind": kind, "name": name, "namespace": namespace},
            "reason": reason, "message": message, "type": "Warning" if warning else "Normal", "count": count,
            "lastTimestamp": self.stamp(ago), "firstTimestamp": self.stamp(ago), "eventTime": None,
        })  # fmt: skip

    # Controlling

    def written(self, key: Key) -> None:
        """React to a write of a workload, as its controller would."""
        if key[0] not in WORKLOADS:
            return
        self._stages[key] = 0
        if self.controllers == "instant":
            self.finish(*key)

    def was_read(self, key: Key) -> None:
        if self.controllers == "stepwise" and self._stages.get(key, _LAST_STAGE) < _LAST_STAGE:
            self.step(*key)

    def step(self, resource: str, namespace: str, name: str) -> None:
        """Go on by one stage."""
        key = (resource, namespace, name)
        if key not in self._stages:
            return
        self._stages[key] += 1
        if self._stages[key] >= _LAST_STAGE:
            self.finish(*key)
            return
        document = copy.deepcopy(self.objects[key])
        self._half_way(resource, document, self._stages[key])
        self.put(resource, document)

    def finish(self, resource: str, namespace: str, name: str) -> None:
        """Complete the rollout: all pods are made from the newest template, ready and available."""
        key = (resource, namespace, name)
        document = copy.deepcopy(self.objects[key])
        self._stages[key] = _LAST_STAGE
        document["status"] = {"observedGeneration": document["metadata"].get("generation", 1)}
        wanted = NODES if resource == "daemonsets" else document["spec"].get("replicas", 1)
        getattr(self, f"_finish_{resource}")(document, wanted)
        document["status"] = {name: value for name, value in document["status"].items() if value != 0}
        self.put(resource, document)

    def stall(self, resource: str, namespace: str, name: str) -> None:
        """Exceed a deployment's progress deadline."""
        document = copy.deepcopy(self.objects[resource, namespace, name])
        self._half_way(resource, document, 2)
        document["status"]["conditions"] = [
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
            {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"},
        ]
        self.put(resource, document)

    def _half_way(self, resource: str, document: Document, stage: int) -> None:
        status, generation = document["status"], document["metadata"]["generation"]
        wanted = NODES if resource == "daemonsets" else document["spec"].get("replicas", 1)
        new = {1: 0, 2: math.ceil(wanted / 2), 3: wanted}[stage]
        status["observedGeneration"] = generation
        if resource == "daemonsets":
            status |= {"updatedNumberScheduled": new, "numberAvailable": max(wanted - 1, 0)}
            return
        status["updatedReplicas"] = new
        status["replicas"] = wanted + 1 if resource == "deployments" else wanted
        status["availableReplicas"] = status["readyReplicas"] = max(wanted - 1, 0)
        if resource == "statefulsets":
            status["updateRevision"] = f"{document['metadata']['name']}-{digest(document['spec']['template'])}"
        else:
            progressing = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}
            others = [item for item in status.get("conditions", []) if item["type"] != "Progressing"]
            status["conditions"] = [*others, progressing]

    def _finish_deployments(self, document: Document, wanted: int) -> None:
        namespace, name = document["metadata"]["namespace"], document["metadata"]["name"]
        hashed = digest(document["spec"]["template"])
        revision = self._replica_sets(document, hashed, wanted)
        document["metadata"].setdefault("annotations", {})[_REVISION] = str(revision)
        document["status"] |= dict.fromkeys(
            ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), wanted
        )
        document["status"]["conditions"] = [
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": "it has them"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable", "message": "progressed"},
        ]
        owner = self.objects["replicasets", namespace, f"{name}-{hashed}"]
        for other in self.of("replicasets", namespace):
            if other is not owner and _owned_by(other, document["metadata"]["uid"]):
                self._pods(other, document, 0, hashed)
        self._pods(owner, document, wanted, hashed)

    def _replica_sets(self, document: Document, hashed: str, wanted: int) -> int:
        """Make or scale up the newest ReplicaSet, scale down the others; return the revision."""
        namespace, name = document["metadata"]["namespace"], document["metadata"]["name"]
        mine = [s for s in self.of("replicasets", namespace) if _owned_by(s, document["metadata"]["uid"])]
        revisions = {s["metadata"]["name"]: int(s["metadata"]["annotations"][_REVISION]) for s in mine}
        newest = f"{name}-{hashed}"
        latest = max(revisions.values(), default=0)
        revision = latest if revisions.get(newest) == latest and latest else latest + 1
        for old in mine:
            if old["metadata"]["name"] != newest:
                old["spec"]["replicas"] = 0
                self.put("replicasets", old)
        known = self.objects.get(("replicasets", namespace, newest))
        meta = known["metadata"] if known else {
            "name": newest, "namespace": namespace, "ownerReferences": [_owner(document)], "annotations": {},
            "labels": {**document["spec"]["template"]["metadata"]["labels"], "pod-template-hash": hashed},
        }  # fmt: skip
        if known and revisions[newest] != revision:
            meta["annotations"]["deployment.kubernetes.io/revision-history"] = str(revisions[newest])
        skipped = ("kubectl.kubernetes.io/last-applied-configuration", _REVISION)
        others = document["metadata"].get("annotations", {}).items()
        meta["annotations"] |= {key: value for key, value in others if key not in skipped}
        meta["annotations"][_REVISION] = str(revision)
        template = copy.deepcopy(document["spec"]["template"])
        template["metadata"]["labels"]["pod-template-hash"] = hashed
        self.put("replicasets", {
            "metadata": meta, "spec": {"replicas": wanted, "template": template}, "status": {"replicas": wanted},
        })  # fmt: skip
        return revision

    def _finish_statefulsets(self, document: Document, wanted: int) -> None:
        revision = f"{document['metadata']['name']}-{digest(document['spec']['template'])}"
        strategy = document["spec"]["updateStrategy"]
        partition = strategy.get("rollingUpdate", {}).get("partition", 0)
        kept = wanted if strategy["type"] == "OnDelete" else min(partition, wanted)
        before = self.objects["statefulsets", document["metadata"]["namespace"], document["metadata"]["name"]]
        current = before["status"].get("currentRevision", revision) if kept else revision
        document["status"] |= {
            "replicas": wanted, "readyReplicas": wanted, "availableReplicas": wanted,
            "updatedReplicas": wanted - kept if current != revision else wanted,
            "currentRevision": current, "updateRevision": revision,
        }  # fmt: skip
        keep_revision(self, document, _owner(document), digest(document["spec"]["template"]))
        self._pods(document, document, wanted, revision)

    def _finish_daemonsets(self, document: Document, wanted: int) -> None:
        names = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady", "numberAvailable")
        document["status"] |= dict.fromkeys((*names, "updatedNumberScheduled"), wanted)
        generation = str(document["metadata"]["generation"])
        document["metadata"].setdefault("annotations", {})["deprecated.daemonset.template.generation"] = generation
        keep_revision(self, document, _owner(document), digest(document["spec"]["template"]))
        self._pods(document, document, wanted, digest(document["spec"]["template"]))

    def _pods(self, owner: Document, workload: Document, wanted: int, revision: str) -> None:
        """Make the owner have so many pods, all of this revision."""
        namespace, template = workload["metadata"]["namespace"], workload["spec"]["template"]
        mine = [pod for pod in self.of("pods", namespace) if _owned_by(pod, owner["metadata"]["uid"])]
        kept = [pod for pod in mine if pod["metadata"]["labels"]["revision"] == revision][:wanted]
        for pod in mine:
            if pod not in kept:
                self.remove(("pods", namespace, pod["metadata"]["name"]))
        taken = {pod["metadata"]["name"] for pod in kept}
        for index in itertools.count():
            if len(taken) >= wanted:
                return
            ordinal = workload.get("kind") == "StatefulSet"
            name = f"{owner['metadata']['name']}-{index if ordinal else f'{next(self._suffixes):05x}'}"
            if name not in taken:
                taken.add(name)
                self.put("pods", _pod(name, owner, template, revision, self.stamp()))


def _pod(name: str, owner: Document, template: Document, revision: str, now: str) -> Document:
    containers = template["spec"]["containers"]
    meta = {
        "name": name, "namespace": owner["metadata"]["namespace"], "ownerReferences": [_owner(owner)],
        "labels": {
            **template["metadata"]["labels"], "revision": revision,
            "pod-template-hash" if owner["kind"] == "ReplicaSet" else "controller-revision-hash": revision,
        }, "creationTimestamp": now,
    }  # fmt: skip
    return {
        "metadata": meta, "spec": copy.deepcopy(template["spec"]),
        "status": {
            "phase": "Running", "startTime": now,
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [
                {"name": item["name"], "ready": True, "restartCount": 0, "image": item["image"],
                 "state": {"running": {"startedAt": now}}, "lastState": {}}
                for item in containers
            ],
        },
    }  # fmt: skip


def _owner(document: Document) -> Document:
    meta = document["metadata"]
    return {
        "apiVersion": document["apiVersion"], "kind": document["kind"], "name": meta["name"], "uid": meta["uid"],
        "controller": True,
    }  # fmt: skip


def _owned_by(document: Document, uid: str) -> bool:
    return any(owner.get("uid") == uid for owner in document["metadata"].get("ownerReferences", ()))
