"""Sergas Agents in small: its API server, what it depends on, and the site that looks after it.

``agents`` has every backend that the pack names. A scenario breaks one of them and says in BACKENDS which of those it
met were real.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fakes.kubernetes_api import FakeKubernetes
from fakes.kubernetes_looks import measure
from guides.backends import Postgres, PretendedPrometheus, Redis, Service
from guides.scenario import Daemon, Site

#: Keeps keys of a prefix for longer, and loads those that are asked for most: what a site's own script would do.
SCRIPT = """
import sys, valkey
words = dict(word.lstrip("-").split("=") for word in sys.argv[2:])
cache = valkey.Valkey(port=int(sys.argv[1]))
prefix = words.get("prefix", "user:")
for number in range(20):
    cache.set(f"{prefix}{number}", "x", ex=int(words.get("ttl", 60)))
print("20 keys")
"""
ERRORS = {"sql": "SELECT count(*) FROM public.audit WHERE at > now() - interval '30 minutes'"}


@dataclass
class Agents:
    """The platform. ``cluster``: the pretended cluster, in whose namespace ``shop`` the API server runs."""

    site: Site
    cluster: FakeKubernetes
    postgres: Postgres
    redis: Redis
    prometheus: PretendedPrometheus
    api: Service
    dependency: Service
    status: Service
    traces: Service

    @property
    def workload(self) -> dict[str, Any]:
        """The API server's Deployment as the cluster has it now."""
        found: dict[str, Any] = self.cluster.world.objects["deployments", "shop", "api-server"]
        return found

    @property
    def env(self) -> dict[str, str]:
        """Environment variables of its container."""
        container = self.workload["spec"]["template"]["spec"]["containers"][0]
        return {item["name"]: item["value"] for item in container.get("env", [])}

    def writes(self) -> list[str]:
        """What was really written to the cluster: method and path, dry runs left out."""
        seen = self.cluster.requests
        return [f"{one.method} {one.path}" for one in seen if one.method != "GET" and "dryRun" not in one.query]

    @contextlib.asynccontextmanager
    async def daemon(
        self, edit: Callable[[dict[str, Any]], None] | None = None, *, redis: dict[str, Any] | None = None,
        params: dict[str, Any] | None = None, **config: Any,
    ) -> AsyncIterator[Daemon]:  # fmt: skip
        """Run the shipped pack against all of it; ``redis``: what may be changed there; ``params``: over the pack's."""
        script = self.site.file("cache.py", SCRIPT)
        argv = [sys.executable, script, str(self.redis.server.port)]
        connections = {
            "kubernetes": {"default": self.cluster.connection},  # type: ignore[attr-defined] -- the harness sets it
            "prometheus": {"default": self.prometheus.connection()},
            "postgres": {"sergas-agents": self.postgres.connection(statements={"recent-errors": ERRORS})},
            "redis": {"sergas-agents": self.redis.connection(**(redis or {}))},
            "http": {
                "sergas-agents": self.api.connection(), "sergas-external-api": self.dependency.connection(),
                "sergas-status": self.status.connection(), "sergas-traces": self.traces.connection(),
            },
            "command": {"sergas-cache-ttl": {"argv": argv}, "sergas-cache-warm": {"argv": argv}},
        }  # fmt: skip
        named = {"namespace": "shop", "container": "app"} | (params or {})
        async with self.site.running("sergas-agents", params=named, connections=connections, edit=edit, **config) as run:
            yield run


@pytest.fixture
async def agents(
    site: Site, kubernetes: FakeKubernetes, postgres: Postgres, redis: Redis, prometheus: PretendedPrometheus,
    service: Callable[..., Any], tmp_path: Path,
) -> Agents:  # fmt: skip
    """All of it, and all of it well."""
    world = kubernetes.world
    world.workload("deployment", "api-server")
    for pod in world.of("pods", "shop"):
        pod["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "200m", "memory": "128Mi"}}
    measure(world, cpu="20m", memory="32Mi")
    breaker = {"state": "closed", "failure_count": 0, "error_rate": 0.0, "time_until_retry": 0}
    api = await service({"/health": 200, "/breakers/external_api": breaker})
    return Agents(
        site, kubernetes, postgres, redis, prometheus, api, await service({"/health": 200}),
        await service({"/status": {"status": "operational"}}), await service({}),
    )  # fmt: skip
