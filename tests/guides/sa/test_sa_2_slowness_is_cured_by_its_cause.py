"""Slow because the CPU is short: more pods, where nobody else owns the count. Slow because the cache is cold: it is warmed."""

from fakes.kubernetes_looks import measure

ROWS = ("SA-2",)
BACKENDS = {"postgres": "real", "redis": "real", "command": "real", "kubernetes": "fake", "prometheus": "fake"}
ALERT = {"alertname": "SergasAgentsSlow", "platform": "sergas-agents", "severity": "warning"}
P95 = "histogram_quantile(0.95, sum by (le) (rate(http_request"


async def test_the_cpu_is_short(agents):
    measure(agents.cluster.world, cpu="195m", memory="32Mi")
    agents.prometheus.values[P95] = lambda: 3.1 if agents.workload["spec"]["replicas"] < 4 else 0.3
    async with agents.daemon(params={"max_replicas": 4, "connections_per_replica": 1}) as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert agents.workload["spec"]["replicas"] == 4
    assert "**Chosen:** scale out" in report
    assert "warm the cache" in report


async def test_new_pods_would_find_no_connection(agents):
    measure(agents.cluster.world, cpu="195m", memory="32Mi")
    agents.postgres.clients(15)
    agents.prometheus.values[P95] = 3.1
    async with agents.daemon(params={"max_replicas": 10, "connections_per_replica": 5}) as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "escalated")
    assert agents.writes() == []


async def test_an_autoscaler_owns_the_count(agents):
    measure(agents.cluster.world, cpu="195m", memory="32Mi")
    scaler = agents.cluster.world.autoscaler("api", "Deployment", "api-server")
    scaler["spec"] |= {"minReplicas": 1, "maxReplicas": 2}
    scaler["status"] = {"currentReplicas": 2, "desiredReplicas": 2}
    agents.prometheus.values[P95] = lambda: 3.1 if _bounds(agents)["maxReplicas"] < 4 else 0.3
    async with agents.daemon(params={"max_replicas": 4, "connections_per_replica": 1}) as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert _bounds(agents)["minReplicas"] == 4
    assert _bounds(agents)["maxReplicas"] == 4


def _bounds(agents):
    return agents.cluster.world.objects["horizontalpodautoscalers", "shop", "api"]["spec"]


async def test_the_cache_is_cold(agents):
    for number in range(20):
        agents.redis.admin.get(f"user:{number}")
    agents.prometheus.values[P95] = lambda: 0.3 if agents.redis.admin.exists("user:1") else 3.1
    async with agents.daemon() as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert agents.redis.admin.dbsize() == 20
    assert "**Chosen:** warm the cache" in report
    assert agents.writes() == []
