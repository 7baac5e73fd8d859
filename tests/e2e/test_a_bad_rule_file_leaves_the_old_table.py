import asyncio
import json
import signal

import yaml
from e2e.daemon import Site, start_daemon
from e2e.shop import shop_rules

OK = "remediator_config_last_reload_successful"


async def reload_is(daemon, value):
    for _ in range(200):
        if await daemon.metric(OK) == value:
            return
        await asyncio.sleep(0.03)
    raise AssertionError(f"{OK} is not {value}")


async def test_reload_by_signal_and_by_request(tmp_path, shop):
    good = yaml.safe_dump(shop_rules(), sort_keys=False)
    site = Site.make(tmp_path, good, connections=shop.connections, watch_rules=False)
    async with start_daemon(site) as daemon:
        assert await daemon.metric(OK) == 1
        was = await daemon.metric("remediator_config_last_reload_success_timestamp_seconds")

        site.write_rules(good.replace("remedies:", "remedys:"))
        daemon.process.send_signal(signal.SIGHUP)
        await reload_is(daemon, 0)
        said = next(line["problem"] for line in daemon.log() if line["event"].startswith("not reloaded"))
        assert 'did you mean "remedies"?' in said
        _, health = await daemon.ask("GET", "/health")
        assert health["status"] == "degraded"
        assert health["checks"]["rules"]["ok"] is False
        assert (await daemon.ask("GET", "/-/ready"))[0] == 200  # the old table goes on working
        assert await daemon.metric("remediator_config_last_reload_success_timestamp_seconds") == was

        status, answer = await daemon.ask("POST", "/-/reload")
        assert status == 500
        assert any("remedys" in problem for problem in answer["problems"])
        await daemon.reaches(await daemon.alert(alertname="ShopDown"), "succeeded")

        site.write_rules(good.replace("ShopDown", "ShopGone").replace("name: shop", "name: gone"))
        status, answer = await daemon.ask("PUT", "/-/reload")
        assert (status, answer) == (200, "1 rules: 1 added, 1 removed, 0 changed\n")
        assert await daemon.metric(OK) == 1
        assert (await daemon.ask("GET", "/health"))[1]["status"] == "healthy"
        shop.broken = True
        assert await daemon.alert(alertname="ShopDown", instance="two") == ""  # no rule is about it any more
        await daemon.reaches(await daemon.alert(alertname="ShopGone"), "succeeded")

        told = [(e["what"], e["who"], e["subject"]) for e in reversed(await daemon.api("/api/v1/audit"))]
        assert told == [
            ("reload rejected", "SIGHUP", "rules"), ("reload rejected", "anonymous", "rules"),
            ("reload", "anonymous", "rules"),
            ("rule removed", "anonymous", "shop"), ("rule added", "anonymous", "gone"),
        ]  # fmt: skip
        removed, added = (json.loads(line) for line in (await daemon.cli("audit")).splitlines() if '"rule ' in line)
        assert (removed["before"]["mode"], removed["after"], added["before"]) == ("auto", None, None)
    assert shop.changes == ["reset-breaker"] * 2


async def test_tightening_applies_to_a_run_that_has_begun(tmp_path, shop):
    gate = shop.gates["drain"] = asyncio.Event()
    both = {"name": "both", "steps": [
        {"http.request": {"connection": "shop", "path": "/admin/drain"}},
        {"http.request": {"connection": "shop", "path": "/admin/reset-breaker"}},
    ]}  # fmt: skip
    site = Site.make(tmp_path, shop_rules(both), connections=shop.connections)
    async with start_daemon(site) as daemon:
        run = await daemon.alert(alertname="ShopDown")
        await asyncio.wait_for(shop.arrived.wait(), 5)
        site.write_rules(shop_rules(both, mode="observe"))
        assert (await daemon.ask("POST", "/-/reload"))[0] == 200
        gate.set()
        shown = await daemon.reaches(run, "escalated")
        assert "its rule's mode is now observe" in shown["reason"]
    assert shop.changes == ["drain"]
