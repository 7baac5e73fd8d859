import asyncio

import aiohttp
from e2e.daemon import Site, start_daemon
from e2e.shop import remedy, shop_rules
from fakes.prometheus_servers import start_alertmanager

RUNBOOK = "https://runbooks.example.com/shop"


async def test_the_second_helps(tmp_path, shop):
    rules = shop_rules(remedy("flush-cache"), remedy("reset-breaker"), within="1s")
    site = Site.make(tmp_path, rules, connections=shop.connections)
    async with start_daemon(site) as daemon:
        run = await daemon.alert(alertname="ShopDown")
        shown = await daemon.reaches(run, "succeeded")
        told = await daemon.cli("runs", "show", run)
        # What is well again before anything was done is left alone.
        await daemon.reaches(await daemon.alert(alertname="ShopDown", instance="two"), "recovered_itself")
    assert shop.changes == ["flush-cache", "reset-breaker"]
    # Diagnosis is repeated before the next remedy: what was true may not be true any more.
    assert [step["cycle"] for step in shown["journal"] if step["phase"] == "diagnose"] == [0, 1]
    assert "flush-cache" in told
    assert '"reset-breaker" helped' in told


async def test_none_helps_and_alertmanager_is_told(tmp_path, shop):
    shop.heals = set()
    async with start_alertmanager(tmp_path) as alertmanager:
        rules = shop_rules(remedy("flush-cache"), remedy("reset-breaker"), within="500ms", runbook_url=RUNBOOK)
        connections = shop.connections | {"alertmanager": {"default": {"url": alertmanager.url}}}
        site = Site.make(tmp_path, rules, connections=connections)
        async with start_daemon(site) as daemon:
            run = await daemon.alert(alertname="ShopDown", severity="critical")
            shown = await daemon.reaches(run, "escalated")
            assert "did not help" in shown["reason"]
            alert = await escalation(alertmanager.url)
            breakers = await daemon.api("/api/v1/breakers")
            assert "a person is needed" in daemon.console()
    assert shop.changes == ["flush-cache", "reset-breaker"]
    assert alert["labels"] == {
        "alertname": "RemediatorRunNeedsAttention", "rule": "shop", "guide": "shop", "status": "escalated",
        "severity": "sev-2", "run": run,
    }  # fmt: skip
    assert "ShopDown" in alert["annotations"]["summary"]
    assert alert["annotations"]["runbook_url"] == RUNBOOK
    assert {(b["key"], b["failures"]) for b in breakers} == {("rule:shop", 1), ("target:http/shop guide:shop", 1)}


async def escalation(url):
    async with aiohttp.ClientSession() as session:
        for _ in range(200):
            async with session.get(f"{url}/api/v2/alerts") as answer:
                if found := await answer.json():
                    assert len(found) == 1
                    return found[0]
            await asyncio.sleep(0.05)
    raise AssertionError("no escalation came to Alertmanager")


async def test_at_most_two_are_tried(tmp_path, shop):
    shop.heals = {"third"}
    rules = shop_rules(remedy("first"), remedy("second"), remedy("third"), within="300ms")
    site = Site.make(tmp_path, rules, connections=shop.connections)
    async with start_daemon(site) as daemon:
        await daemon.reaches(await daemon.alert(alertname="ShopDown"), "escalated")
    assert shop.changes == ["first", "second"]
