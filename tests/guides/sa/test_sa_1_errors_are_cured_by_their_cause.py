"""One alert, several causes: what is done is what the evidence points to, and the report says what was ruled out."""

import copy

from aiohttp import web

ROWS = ("SA-1",)
BACKENDS = {"postgres": "real", "kubernetes": "fake", "prometheus": "fake", "http": "fake"}
ALERT = {"alertname": "SergasAgentsErrorRate", "platform": "sergas-agents", "severity": "critical"}


async def test_the_database_is_full_of_idle_sessions(agents):
    agents.postgres.exhaust()

    def share():
        return 0.4 if agents.postgres.one("SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop'") else 0.0

    agents.prometheus.values["http_requests_total"] = share
    async with agents.daemon(params={"idle_seconds": 1}) as daemon:
        agents.postgres.one("SELECT pg_sleep(1.1)")
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert agents.postgres.one("SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop'") == 0
    assert "**Chosen:** end idle database connections" in report
    assert "steps.database.used_share = 1" in report
    assert "undo the rollout that the errors began with" in report
    assert agents.writes() == []


async def test_it_began_with_a_rollout(agents):
    newer = copy.deepcopy(agents.workload)
    newer["spec"]["template"]["spec"]["containers"][0]["image"] = "example/api-server:2"
    agents.cluster.world.put("deployments", newer)
    agents.cluster.world.finish("deployments", "shop", "api-server")

    def image():
        return agents.workload["spec"]["template"]["spec"]["containers"][0]["image"]

    agents.prometheus.values["http_requests_total"] = lambda: 0.2 if image().endswith(":2") else 0.0
    async with agents.daemon() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert image() == "example/api-server:1"


async def test_pods_are_killed_for_memory(agents):
    pod = agents.cluster.world.of("pods", "shop")[0]
    pod["status"]["containerStatuses"][0] |= {
        "restartCount": 4, "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}},
    }  # fmt: skip

    def limit():
        container = agents.workload["spec"]["template"]["spec"]["containers"][0]
        return container.get("resources", {}).get("limits", {}).get("memory", "")

    agents.prometheus.values["http_requests_total"] = lambda: 0.0 if limit() == "4Gi" else 0.2
    async with agents.daemon() as daemon:
        run = await daemon.alert(**ALERT)
        asked = await daemon.approve(run)
        assert "raise the memory limit - pods restart" in asked["reason"]
        await daemon.ends(run, "succeeded")
    assert limit() == "4Gi"


async def test_the_external_api_fails(agents):
    agents.api.answers["/breakers/external_api"] |= {"state": "open", "error_rate": 0.9}
    agents.prometheus.values["http_requests_total"] = 0.2

    async def fallback(_request):
        agents.prometheus.values["http_requests_total"] = 0.001
        return web.json_response({})

    agents.api.answers["PUT /fallbacks/external_api"] = fallback
    async with agents.daemon() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    wanted = {"enabled": True, "strategy": "cached_fallback", "cache_ttl": 600}
    assert agents.api.changes() == [("PUT", "/fallbacks/external_api", wanted)]
