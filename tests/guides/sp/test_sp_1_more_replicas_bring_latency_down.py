"""A slow service gets replicas where the database has room for them; else people are asked about the cache."""

ROWS = ("SP-1",)
BACKENDS = {"postgres": "real", "redis": "real", "kubernetes": "fake", "prometheus": "fake", "http": "fake"}
ALERT = {"alertname": "HighLatency", "platform": "service-platform", "service": "api-gateway", "severity": "warning"}


async def test_it_is_scaled_to_eight_and_fast_again(platform, database, cache):
    # The load is shared by the pods, and so is the time that requests wait.
    platform.prometheus.values["sum by (le, pod)"] = None
    platform.prometheus.values["histogram_quantile"] = lambda: 0.9 / platform.deployment("api-gateway")["spec"]["replicas"]
    async with platform.up(connections_per_replica=2) as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert platform.deployment("api-gateway")["spec"]["replicas"] == 8
    assert "steps.pool.headroom" in report
    assert "/metrics/latency?service=api-gateway&period=1h" in [path for _, path, _ in platform.api.requests]


async def test_a_full_database_gets_no_more_clients_but_the_cache_may_be_flushed(platform, database, cache):
    database.exhaust()
    cache.admin.set("catalogue", "last year's prices")
    platform.prometheus.values["sum by (le, pod)"] = None
    platform.prometheus.values["histogram_quantile"] = lambda: 0.4 if cache.admin.dbsize() else 0.1
    async with platform.up(connections_per_replica=2) as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.approve(run, reason="prices are old")
        await daemon.ends(run, "succeeded")
    assert cache.admin.dbsize() == 0
    assert platform.deployment("api-gateway")["spec"]["replicas"] == 3


async def test_pods_that_are_slower_than_the_others_are_replaced(platform, database, cache):
    platform.prometheus.values["sum by (le, pod)"] = [({"pod": "api-gateway-7"}, 2.5)]
    platform.prometheus.values["histogram_quantile"] = lambda: 0.1 if platform.restarted("api-gateway") else 0.4
    async with platform.up() as daemon:
        await daemon.ends(await daemon.alert(**ALERT), "succeeded")
    assert platform.deployment("api-gateway")["spec"]["replicas"] == 3
