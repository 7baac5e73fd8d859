"""A database that idle sessions have filled takes clients again; a pool that is too small grows where there is room."""

import pytest

ROWS = ("SA-3",)
BACKENDS = {"postgres": "real", "kubernetes": "fake", "prometheus": "fake"}
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop'"


async def test_idle_ones_go_and_busy_ones_stay(agents):
    busy = agents.postgres.clients(1, "worker")[0]
    held = agents.postgres.exhaust("web")
    busy.execute("BEGIN")
    busy.execute("SELECT 1")  # in a transaction: somebody still needs it
    agents.postgres.one("SELECT pg_sleep(1.1)")
    async with agents.daemon(params={"idle_seconds": 1}) as daemon:
        run = await daemon.alert(alertname="SergasAgentsConnectionsExhausted", platform="sergas-agents")
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert agents.postgres.one(SESSIONS) == 1
    assert busy.execute("SELECT 2").fetchone() == (2,)
    with pytest.raises(Exception, match="terminating connection"):
        held[0].execute("SELECT 1")
    assert "web" in report  # who held them
    assert "**Chosen:** end connections that have been idle for long" in report


async def test_a_database_with_room_is_left_alone(agents):
    agents.postgres.clients(3)
    async with agents.daemon(params={"idle_seconds": 1}) as daemon:
        run = await daemon.alert(alertname="SergasAgentsConnectionsExhausted", platform="sergas-agents")
        await daemon.ends(run, "recovered_itself")
    assert agents.postgres.one(SESSIONS) == 3


async def test_all_are_busy_so_it_goes_through_the_pooler_once_somebody_agrees(agents):
    world = agents.cluster.world
    world.workload("deployment", "pgbouncer")
    world.put("services", {"metadata": {"name": "pgbouncer", "namespace": "shop"}, "spec": {
        "selector": {"app": "pgbouncer"}, "ports": [{"port": 5432}], "type": "ClusterIP"}})  # fmt: skip
    pods = [pod["metadata"]["name"] for pod in world.of("pods", "shop") if pod["metadata"]["labels"].get("app") == "pgbouncer"]
    ready = [{"addresses": ["10.0.0.9"], "conditions": {"ready": True}, "targetRef": {"kind": "Pod", "name": pods[0]}}]
    world.put("endpointslices", {
        "metadata": {"name": "pgbouncer-1", "namespace": "shop", "labels": {"kubernetes.io/service-name": "pgbouncer"}},
        "addressType": "IPv4", "endpoints": ready, "ports": [{"name": "", "port": 5432, "protocol": "TCP"}]})  # fmt: skip
    clients = agents.postgres.exhaust()
    async with agents.daemon(params={"idle_seconds": 3600}) as daemon:
        run = await daemon.alert(alertname="SergasAgentsConnectionsExhausted", platform="sergas-agents")
        await daemon.approve(run)
        await daemon.reaches(run, "verifying")
        for client in clients:  # the pods restart
            client.close()
        await daemon.ends(run, "succeeded")
    assert agents.env == {"DATABASE_HOST": "pgbouncer.production.svc.cluster.local"}


async def test_the_application_s_pool_grows_once_somebody_agrees(agents):
    agents.prometheus.values["db_pool_connections_in_use"] = lambda: 0.2 if agents.env else 0.99
    async with agents.daemon(params={"pool_min": 2, "pool_max": 8}) as daemon:
        run = await daemon.alert(alertname="SergasAgentsPoolExhausted", platform="sergas-agents")
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert agents.env == {"DB_POOL_MIN": "2", "DB_POOL_MAX": "8"}


async def test_the_application_s_pool_stays_where_the_database_has_no_room(agents):
    agents.prometheus.values["db_pool_connections_in_use"] = 0.99
    async with agents.daemon(params={"pool_max": 100}) as daemon:
        run = await daemon.alert(alertname="SergasAgentsPoolExhausted", platform="sergas-agents")
        await daemon.ends(run, "escalated")
    assert agents.writes() == []
