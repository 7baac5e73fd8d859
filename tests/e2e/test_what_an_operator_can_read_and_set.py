import asyncio

from e2e.daemon import Site, start_daemon
from e2e.shop import remedy, shop_rules
from prometheus_client.parser import text_string_to_metric_families


async def test_health_metrics_and_log_level(tmp_path, shop):
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections)
    async with start_daemon(site) as daemon:
        status, health = await daemon.ask("GET", "/health")
        assert (status, health["status"]) == (200, "healthy")
        assert {"store", "rules", "backlog", "reporter console"} <= set(health["checks"])
        assert all(check["ok"] for check in health["checks"].values())

        await daemon.api("/api/v1/log-level", {"level": "error"})
        before = len(daemon.log())
        await daemon.reaches(await daemon.alert(alertname="ShopDown"), "succeeded")
        await asyncio.sleep(0.3)  # the line would be written just after the commit that was seen
        assert len(daemon.log()) == before
        await daemon.api("/api/v1/log-level", {"level": "info", "who": "ann"})
        [entry, _] = await daemon.api("/api/v1/audit")
        assert [entry[key] for key in ("who", "what", "before", "after")] == ["ann", "log level", "error", "info"]
        shop.broken = True
        run = await daemon.alert(alertname="ShopDown", instance="two")
        await daemon.reaches(run, "succeeded")
        [line] = [line for line in daemon.log() if line["event"] == "run finished"]  # one canonical line a run
        assert (line["run"], line["rule"], line["status"], line["target"]) == (run, "shop", "succeeded", "http/shop")
        status, answer = await daemon.ask("POST", "/api/v1/log-level", {"level": "loud"})
        assert status >= 400
        assert "level" in answer["detail"]

        families = {family.name: family for family in text_string_to_metric_families(await daemon.api("/metrics"))}
        assert all(family.documentation for family in families.values())
        assert await daemon.metric("remediator_runs_total", rule="shop", status="succeeded") == 2
        assert await daemon.metric("remediator_alerts_total") == 2
        assert await daemon.metric("remediator_steps_total", action="http.request", outcome="done") == 2
        assert await daemon.metric("remediator_open_runs") == 0
        assert await daemon.metric("remediator_run_duration_seconds_count", rule="shop") == 2
        labels = {name for family in families.values() for sample in family.samples for name in sample.labels}
        assert not labels & {"target", "run", "fingerprint", "alertname"}  # these have no bound


async def test_breakers_are_listed_and_reset(tmp_path, shop):
    shop.heals = set()
    config = {"outcome_breaker": {"failures": 1, "recovery": "1h"}}
    rules = shop_rules(remedy("reset-breaker"), within="200ms")
    site = Site.make(tmp_path, rules, connections=shop.connections, **config)
    async with start_daemon(site) as daemon:
        await daemon.reaches(await daemon.alert(alertname="ShopDown"), "escalated")
        listed = await daemon.cli("breakers", "list")
        assert "rule:shop" in listed
        assert "open" in listed
        [breaker] = [b for b in await daemon.api("/api/v1/breakers") if b["key"] == "rule:shop"]
        assert (breaker["state"], breaker["failures"], breaker["error_rate"]) == ("open", 1, 1.0)
        assert 3500 < breaker["retry_in_s"] <= 3600
        # While it is open the rule only observes, and people are called.
        shown = await daemon.reaches(await daemon.alert(alertname="ShopDown", instance="two"), "escalated")
        assert "breaker rule:shop is open" in shown["reason"]
        assert shop.changes == ["reset-breaker"]
        for b in await daemon.api("/api/v1/breakers"):
            await daemon.cli("breakers", "reset", b["key"])
        shop.heals = {"reset-breaker"}
        await daemon.reaches(await daemon.alert(alertname="ShopDown", instance="three"), "succeeded")
        assert await daemon.api("/api/v1/breakers") == []
    assert shop.changes == ["reset-breaker"] * 2


async def test_a_run_is_found_by_a_part_of_its_id_and_cancelled(tmp_path, shop):
    shop.heals = set()
    site = Site.make(tmp_path, shop_rules(within="1h"), connections=shop.connections)
    async with start_daemon(site) as daemon:
        run = await daemon.alert(alertname="ShopDown")
        await daemon.reaches(run, "verifying")
        assert run in await daemon.cli("runs", "list", "--status", "verifying")
        assert "ShopDown" in await daemon.cli("runs", "show", run[-6:])
        await daemon.cli("runs", "cancel", run[-6:], "--reason", "we do it by hand")
        shown = await daemon.reaches(run, "cancelled")
        assert "we do it by hand" in shown["reason"]
        assert "no run" in await daemon.cli("runs", "show", "nonsense", fails=True)
