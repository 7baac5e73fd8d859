"""The AI platform in small: a gateway on a pretended cluster, an edge worker, a real PostgreSQL, small HTTP services.

``platform.up()`` runs the daemon with the shipped pack. What a scenario does not touch answers that it is well.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml
from fakes.kubernetes_api import FakeKubernetes
from fakes.kubernetes_looks import endpoint_slice, measure, node
from fakes.kubernetes_looks import service as service_of
from guides.backends import Postgres, PretendedPrometheus, Service
from guides.scenario import RULES, Site

NAME = "api-gateway"
PACK = RULES / "ai-platform.yaml"
NOWHERE = {"host": "127.0.0.1", "port": 1}
STATEMENT = "SELECT * FROM public.orders WHERE customer_id = 42"
SCATTERED = "SELECT count(*) FROM pg_stats WHERE schemaname = 'public' AND abs(correlation) < 0.5"
PARAMS = {
    "namespace": "shop", "database": "ai", "account": "acc-1", "kv_namespace": "kv-1", "certificate": NAME,
    "monitoring_namespace": "monitoring", "answer_within": "300ms", "public_host": "public", "inside_host": "inside",
}  # fmt: skip
Document = dict[str, Any]


@dataclass
class Platform:
    """What the daemon works on."""

    site: Site
    kubernetes: FakeKubernetes
    prometheus: PretendedPrometheus
    gateway: Service
    worker: Service
    provider: Service  #: the API of the edge provider
    connections: dict[str, dict[str, Any]] = field(default_factory=dict)

    def up(
        self, edit: Callable[[Document], None] | None = None, config: Document | None = None, **params: Any
    ) -> Any:
        """Run the daemon with the pack until the end of the block; ``params`` go over its own."""
        return self.site.running(
            "ai-platform", params=PARAMS | params, connections=self.connections, edit=edit,
            allow=["kubernetes/default/shop", "kubernetes/default/shop/**", "kubernetes/default/monitoring/**",
                   "postgres/*", "alertmanager/*", "http/*", "people/**"], **(config or {}),
        )  # fmt: skip

    def deployment(self, name: str = NAME, namespace: str = "shop") -> Document:
        found: Document = self.kubernetes.world.objects["deployments", namespace, name]
        return found

    def restarted(self, name: str = NAME, namespace: str = "shop") -> bool:
        annotations = self.deployment(name, namespace)["spec"]["template"]["metadata"].get("annotations", {})
        return "kubectl.kubernetes.io/restartedAt" in annotations

    def writes(self) -> list[tuple[str, str]]:
        """Return what was written to the cluster, dry runs left out: method and path."""
        return [
            (seen.method, seen.path) for seen in self.kubernetes.requests
            if seen.method != "GET" and "dryRun" not in seen.query
        ]  # fmt: skip

    def release(self, image: str) -> None:
        """Roll out another image, now."""
        changed = copy.deepcopy(self.deployment())
        changed["spec"]["template"]["spec"]["containers"][0]["image"] = image
        changed["metadata"]["generation"] += 1
        self.kubernetes.world.put("deployments", changed)
        self.kubernetes.world.finish("deployments", "shop", NAME)

    def endpoints(self) -> None:
        """Let the endpoints follow the pods, as their controller does."""
        endpoint_slice(self.kubernetes.world, self.kubernetes.world.objects["services", "shop", NAME])


def _listed() -> Document:
    """Return the queries that the head of the pack asks the site to list."""
    head = PACK.read_text().partition("#                     queries:\n")[2].partition("#   network")[0]
    listed: Document = yaml.safe_load("\n".join(line[1:] for line in head.splitlines()))
    return listed


@pytest.fixture
async def platform(site: Site, kubernetes: FakeKubernetes, prometheus: PretendedPrometheus, service: Any) -> Platform:
    """Everything is well; the database is not there unless a test takes ``database``."""
    gateway = await service({"/health": {"checks": {"circuit_breaker": "closed"}}, "/metrics": "up 1\n"})
    worker = await service({"/health": {"status": "ok"}})
    provider = await service({
        "/accounts/acc-1/storage/kv/namespaces/kv-1/keys": {"success": True, "result_info": {"count": 17}},
        "/accounts/acc-1/r2/buckets/ai-platform-videos/objects": {"success": True, "result": [{"key": "a.mp4"}]},
    })
    watching = await service({"/-/healthy": 200, "/api/health": {"database": "ok"}})
    world = kubernetes.world
    containers = [{"name": "app", "image": "example/api-gateway:1", "ports": [{"containerPort": 8080}],
                   "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}]  # fmt: skip
    template = {"metadata": {"labels": {"app": NAME}}, "spec": {"containers": containers}}
    world.workload("deployment", NAME, template=template)
    world.workload("deployment", "prometheus", "monitoring")
    service_of(world, NAME, target=8080)
    node(world, "n1")
    measure(world, cpu="100m")
    world.put("configmaps", {"metadata": {"name": "api-gateway-config", "namespace": "shop"}, "data": {"LOG_LEVEL": "info"}})
    prometheus.values = {"": 1.0}
    http = {
        "ai-gateway": gateway, "ai-edge-worker": worker, "ai-edge-provider": provider, "ai-prometheus": watching,
        "ai-alertmanager": watching, "ai-grafana": watching,
    }  # fmt: skip
    nowhere: Document = NOWHERE | {"user": "x", "sslmode": "disable", "connect_timeout": "200ms"}
    return Platform(site, kubernetes, prometheus, gateway, worker, provider, {
        "kubernetes": {"default": kubernetes.connection}, "prometheus": {"default": prometheus.connection()},
        "alertmanager": {"default": {"url": "http://127.0.0.1:1"}}, "postgres": {"ai": nowhere},
        "http": {name: one.connection() for name, one in http.items()}
        | {"ai-edge-provider": provider.connection(queries=_listed())},
        "network": {"public": NOWHERE, "inside": NOWHERE},
    })  # fmt: skip


@pytest.fixture
def database(platform: Platform, postgres: Postgres) -> Postgres:
    """The real server, as the platform's database."""
    platform.connections["postgres"]["ai"] = postgres.connection(
        statements={"ai-slow-statement": {"sql": STATEMENT}, "ai-poor-correlation": {"sql": SCATTERED}},
        indexes={"orders_customer_id_idx": {"table": "public.orders", "definition": "(customer_id)"}},
        tables=["public.orders"],
    )
    return postgres
