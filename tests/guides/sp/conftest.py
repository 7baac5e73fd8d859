"""The service platform in small: four services on a pretended cluster, a real PostgreSQL, a real Valkey, HTTP services.

``platform.up()`` runs the daemon with the shipped pack. What a scenario does not touch answers that it is well.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from fakes.kubernetes_api import FakeKubernetes
from fakes.kubernetes_looks import Program, endpoint_slice, measure
from fakes.kubernetes_looks import service as service_of
from guides.backends import Postgres, PretendedPrometheus, Redis, Service
from guides.scenario import Site

SERVICES = ("api-gateway", "auth-service", "data-processor", "business-logic")
EXEC = {
    "py-spy": {"argv": ["py-spy", "dump", "--pid", "1"], "read_only": True},
    "health": {"argv": ["curl", "-fsS", "--max-time", "5", "http://127.0.0.1:8080/health"], "read_only": True},
    "resolv-conf": {"argv": ["cat", "/etc/resolv.conf"], "read_only": True},
}
NOWHERE = {"host": "127.0.0.1", "port": 1}
Document = dict[str, Any]


@dataclass
class Platform:
    """What the daemon works on."""

    site: Site
    kubernetes: FakeKubernetes
    prometheus: PretendedPrometheus
    api: Service  #: the platform's own API
    public: Service  #: what customers see
    connections: dict[str, dict[str, Any]] = field(default_factory=dict)

    def up(self, edit: Callable[[Document], None] | None = None, **params: Any) -> Any:
        """Run the daemon with the pack until the end of the block; ``params`` go over its own."""
        return self.site.running(
            "service-platform", params=params, connections=self.connections, edit=edit,
            allow=["kubernetes/default/services/**", "kubernetes/default/*/deployment/coredns", "postgres/*", "redis/*"],
        )  # fmt: skip

    def deployment(self, name: str, namespace: str = "services") -> Document:
        found: Document = self.kubernetes.world.objects["deployments", namespace, name]
        return found

    def container(self, name: str) -> Document:
        found: Document = self.deployment(name)["spec"]["template"]["spec"]["containers"][0]
        return found

    def env(self, name: str) -> dict[str, str]:
        return {one["name"]: one["value"] for one in self.container(name).get("env", ())}

    def restarted(self, name: str, namespace: str = "services") -> bool:
        annotations = self.deployment(name, namespace)["spec"]["template"]["metadata"].get("annotations", {})
        return "kubectl.kubernetes.io/restartedAt" in annotations

    def pods(self, name: str) -> list[Document]:
        return [pod for pod in self.kubernetes.world.of("pods", "services") if pod["metadata"]["labels"]["app"] == name]

    def writes(self) -> list[tuple[str, str]]:
        """Return what was written to the cluster, dry runs left out: method and path."""
        return [
            (seen.method, seen.path) for seen in self.kubernetes.requests
            if seen.method != "GET" and "dryRun" not in seen.query and "exec" not in seen.path
        ]  # fmt: skip

    def release(self, name: str, image: str) -> None:
        """Roll out another image, now."""
        changed = copy.deepcopy(self.deployment(name))
        changed["spec"]["template"]["spec"]["containers"][0]["image"] = image
        changed["metadata"]["generation"] += 1
        self.kubernetes.world.put("deployments", changed)
        self.kubernetes.world.finish("deployments", "services", name)

    def unready(self, name: str, count: int = 1, *, reason: str = "", ended: str = "", code: int = 1) -> None:
        """Make pods not ready; ``reason``: why the container waits; ``ended``, ``code``: how it ended last."""
        pods = self.pods(name)[:count]
        for pod in pods:
            pod["status"]["conditions"] = [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}]
            (container,) = pod["status"]["containerStatuses"]
            container["ready"] = False
            if reason:
                container["state"] = {"waiting": {"reason": reason, "message": "as the kubelet says"}}
            if ended:
                container["restartCount"] = 7
                last = {"reason": ended, "exitCode": code, "finishedAt": self.kubernetes.world.stamp(60)}
                container["lastState"] = {"terminated": last}
        status = self.deployment(name)["status"]
        ready = status["replicas"] - len(pods)
        status |= {"readyReplicas": ready, "availableReplicas": ready, "unavailableReplicas": len(pods)}
        self.expose(name)

    def expose(self, name: str) -> None:
        """Write the Service's endpoints anew, as its controller does."""
        endpoint_slice(self.kubernetes.world, self.kubernetes.world.objects["services", "services", name])

    def programs(self, **codes: tuple[int, str]) -> None:
        """Say how programs in containers end: exit code and output, by the program's name."""
        known = {name.replace("_", "-"): end for name, end in codes.items()}

        def run(argv: list[str], _container: str) -> Program:
            code, said = known.get(argv[0], (127, ""))
            return Program(messages=[(1, said.encode())], code=code)

        self.kubernetes.programs = run


@pytest.fixture
async def platform(
    site: Site, kubernetes: FakeKubernetes, prometheus: PretendedPrometheus, service: Callable[..., Any]
) -> Platform:
    """Four services of three pods each, all well; no database and no cache: see ``database`` and ``cache``."""
    kubernetes.world.now = kubernetes.world.now.replace(microsecond=0)
    for name in SERVICES:
        kubernetes.world.workload("deployment", name, namespace="services", replicas=3)
        service_of(kubernetes.world, name, namespace="services", target=8080)
    for item in kubernetes.world.of("replicasets", "services"):
        item["metadata"]["creationTimestamp"] = kubernetes.world.stamp(86_400)
    for pod in kubernetes.world.of("pods", "services"):
        pod["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "500m", "memory": "2Gi"}}
    measure(kubernetes.world, cpu="100m", memory="512Mi", namespace="services")
    well = {"status": "healthy", "checks": {"database": "healthy", "circuit_breaker": "closed"}}
    api = await service({
        "/health": well, "/metrics/latency": {"p95_ms": 400}, "/metrics/errors": {"errors": 0},
        "/auth/user/me": {"roles": ["viewer"]},
    })  # fmt: skip
    public = await service({"/": "welcome"})
    made = Platform(site, kubernetes, prometheus, api, public)
    password = site.file("no-password", "none\n")
    nowhere = {**NOWHERE, "database": "shop", "user": "remediator", "password_file": password, "sslmode": "disable"}
    made.connections = {
        "kubernetes": {"default": {**kubernetes.connection, "exec": EXEC}},
        "prometheus": {"default": prometheus.connection()},
        "http": {
            "platform-api": api.connection(), "platform-caller": api.connection(), "platform-public": public.connection(),
        },
        "postgres": {"platform": nowhere, "platform-replica": nowhere},
        "redis": {"platform-cache": NOWHERE},
        "network": {"platform-names": {"host": "127.0.0.1"}, "platform-callee": {"host": "127.0.0.1"}},
    }  # fmt: skip
    return made


@pytest.fixture
def database(platform: Platform, postgres: Postgres) -> Postgres:
    """A real PostgreSQL as the platform's database."""
    platform.connections["postgres"]["platform"] = postgres.connection()
    return postgres


@pytest.fixture
def cache(platform: Platform, redis: Redis) -> Redis:
    """A real Valkey as the platform's cache."""
    platform.connections["redis"]["platform-cache"] = redis.connection(may_flush=True)
    return redis
