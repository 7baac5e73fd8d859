"""What the looking actions ask for beside workloads: nodes, services, policies, measurements, commands in containers.

Importing this module makes the pretended server know these kinds.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from fakes.kubernetes_world import KINDS, VERSIONS, Document, World

KINDS.update({
    "controllerrevisions": "ControllerRevision", "nodes": "Node", "services": "Service", "secrets": "Secret",
    "configmaps": "ConfigMap", "endpointslices": "EndpointSlice", "networkpolicies": "NetworkPolicy",
    "certificates": "Certificate", "podmetrics": "PodMetrics", "nodemetrics": "NodeMetrics",
})  # fmt: skip
VERSIONS.update({
    "controllerrevisions": "apps/v1", **dict.fromkeys(("nodes", "services", "secrets", "configmaps"), "v1"),
    "endpointslices": "discovery.k8s.io/v1", "networkpolicies": "networking.k8s.io/v1",
    "certificates": "cert-manager.io/v1",
    **dict.fromkeys(("podmetrics", "nodemetrics"), "metrics.k8s.io/v1beta1"),
})  # fmt: skip
METRICS = {"pods": "podmetrics", "nodes": "nodemetrics"}  #: how they are stored; their paths say pods and nodes
PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")


def metadata_of(document: Document) -> Document:
    """Return what PartialObjectMetadata shows."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": document["metadata"]}


# Making


def revision(world: World, workload: Document, number: int, image: str, *, ago: float = 0, name: str = "") -> Document:
    """Add a ControllerRevision of a statefulset or daemonset."""
    meta = {
        "name": name or f"{workload['metadata']['name']}-{number:x}", "namespace": workload["metadata"]["namespace"],
        "labels": workload["spec"]["selector"]["matchLabels"], "creationTimestamp": world.stamp(ago),
        "ownerReferences": [{
            "apiVersion": "apps/v1", "kind": workload["kind"], "name": workload["metadata"]["name"],
            "uid": workload["metadata"]["uid"], "controller": True,
        }],
    }  # fmt: skip
    template = {"$patch": "replace", "spec": {"containers": [{"name": "app", "image": image}]}}
    data = {"spec": {"template": template}}
    return world.put("controllerrevisions", {"metadata": meta, "revision": number, "data": data})


def node(world: World, name: str, *, cpu: str = "4", memory: str = "8Gi", **conditions: str) -> Document:
    """Add a node; ``Ready="False"`` and such set its conditions."""
    said = {"Ready": "True", "MemoryPressure": "False", "DiskPressure": "False", **conditions}
    allocatable = {"cpu": cpu, "memory": memory, "pods": "110"}
    reason = "KubeletReady" if said["Ready"] == "True" else "NodeStatusUnknown"
    return world.put("nodes", {"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}, "spec": {}, "status": {
        "allocatable": allocatable, "capacity": allocatable,
        "conditions": [{"type": kind, "status": status, "reason": reason, "message": "as the kubelet says"}
                       for kind, status in said.items()],
    }})  # fmt: skip


def service(world: World, name: str, namespace: str = "shop", target: Any = "http", **spec: Any) -> Document:
    """Add a Service of the pods that have ``app: NAME``, and the slice that its controller would write."""
    spec = {
        "type": "ClusterIP", "selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": target}],
    } | spec  # fmt: skip
    made = world.put("services", {"metadata": {"name": name, "namespace": namespace}, "spec": spec})
    endpoint_slice(world, made)
    return made


def endpoint_slice(world: World, of: Document) -> Document:
    """Write a Service's slice anew, as the controller does: a named port only where a container has it."""
    name, namespace = of["metadata"]["name"], of["metadata"]["namespace"]
    wanted = of["spec"].get("selector") or {}
    pods = [
        pod for pod in world.of("pods", namespace)
        if wanted and wanted.items() <= pod["metadata"]["labels"].items()
        and pod["status"]["phase"] not in ("Succeeded", "Failed")
    ]  # fmt: skip
    endpoints = [
        {"addresses": [f"10.0.0.{index}"], "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"]},
         "conditions": {"ready": any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"]["conditions"])}}
        for index, pod in enumerate(pods)
    ]  # fmt: skip
    there = {port.get("name") for pod in pods for each in pod["spec"]["containers"] for port in each.get("ports", ())}
    ports = [
        {"name": port.get("name", ""), "port": port["port"], "protocol": "TCP"}
        for port in of["spec"]["ports"]
        if not isinstance(port["targetPort"], str) or port["targetPort"] in there
    ]
    labels = {"kubernetes.io/service-name": name}
    meta = {"name": f"{name}-x1", "namespace": namespace, "labels": labels}
    return world.put("endpointslices", {"metadata": meta, "addressType": "IPv4", "endpoints": endpoints, "ports": ports})


def measure(world: World, cpu: str = "100m", memory: str = "64Mi", namespace: str = "shop") -> None:
    """Measure every pod of a namespace, all of its containers alike, and every node."""
    usage = {"cpu": cpu, "memory": memory}
    for pod in world.of("pods", namespace):
        meta = {key: pod["metadata"][key] for key in ("name", "namespace", "labels")}
        containers = [{"name": item["name"], "usage": usage} for item in pod["spec"]["containers"]]
        world.put("podmetrics", {"metadata": meta, "containers": containers, "window": "15s"})
    for item in world.of("nodes"):
        world.put("nodemetrics", {"metadata": {"name": item["metadata"]["name"]}, "usage": {"cpu": "1", "memory": "2Gi"}})


def secret(world: World, name: str, *writes: tuple[str, float], made: float = 86_400, **fields: Any) -> Document:
    """Add a Secret that these managers wrote so many seconds ago."""
    managed = [
        {"manager": manager, "operation": "Update", "time": world.stamp(ago), "fieldsV1": {"f:data": {}}, **fields}
        for manager, ago in writes
    ]
    meta = {"name": name, "namespace": "shop", "creationTimestamp": world.stamp(made), "managedFields": managed}
    return world.put("secrets", {"metadata": meta, "data": {"password": "aHVudGVyMg=="}, "type": "Opaque"})


def certificate(world: World, name: str, *, days: float = 60, ready: str = "True", issuing: str = "False") -> Document:
    spec = {"secretName": f"{name}-tls", "dnsNames": ["shop.example"], "issuerRef": {"name": "letsencrypt", "kind": "ClusterIssuer"}}
    return world.put("certificates", {"metadata": {"name": name, "namespace": "shop"}, "spec": spec, "status": {
        "notAfter": world.stamp(-days * 86_400), "renewalTime": world.stamp(-(days - 30) * 86_400), "revision": 3,
        "conditions": [{"type": "Ready", "status": ready, "reason": "Ready", "message": "the certificate's own words"},
                       {"type": "Issuing", "status": issuing, "reason": "Renewing", "message": "renewing"}],
    }})  # fmt: skip


# Commands in containers


@dataclass
class Program:
    """What a command does: messages (channel, bytes) it sends, its exit code, or another end."""

    messages: list[tuple[int, bytes]] = field(default_factory=list)
    code: int = 0
    end: str = "status"  #: ``status``, ``cut`` (no status), ``hang``, or ``unstarted``
    raw: bytes | None = None  #: sent instead of the status
    protocols: tuple[str, ...] = PROTOCOLS


Programs = Callable[[list[str], str], Program]


async def serve_exec(request: web.Request, programs: Programs, calls: list[Any], released: Any) -> web.StreamResponse:
    """Answer an exec as the API server does, over a WebSocket."""
    argv, container = request.query.getall("command", []), request.query.get("container", "")
    program = programs(argv, container)
    socket = web.WebSocketResponse(protocols=program.protocols)
    if not socket.can_prepare(request).ok:
        return web.json_response(
            {"kind": "Status", "status": "Failure", "message": "Upgrade request required", "code": 400}, status=400
        )
    await socket.prepare(request)
    calls.append((argv, container, dict(request.query), request.headers.get("Sec-WebSocket-Protocol", "")))
    for channel, data in program.messages:
        await socket.send_bytes(bytes([channel]) + data)
    if program.end == "hang":
        await released.wait()
    elif program.end != "cut":
        await socket.send_bytes(b"\x03" + (program.raw if program.raw is not None else _status(program)))
    await socket.close()
    return socket


def _status(program: Program) -> bytes:
    if program.end == "unstarted":
        message = 'exec failed: unable to start container process: exec: "nope": executable file not found in $PATH'
        return json.dumps({"status": "Failure", "reason": "InternalError", "message": message, "code": 500}).encode()
    if not program.code:
        return json.dumps({"metadata": {}, "status": "Success"}).encode()
    causes = [{"reason": "ExitCode", "message": str(program.code)}]
    message = f"command terminated with non-zero exit code: exit status {program.code}"
    return json.dumps({
        "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode", "message": message, "details": {"causes": causes},
    }).encode()  # fmt: skip


