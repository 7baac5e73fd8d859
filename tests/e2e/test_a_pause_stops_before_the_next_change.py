import asyncio

from e2e.daemon import Site, start_daemon
from e2e.shop import shop_rules

TWO_CHANGES = {
    "name": "drain and reset",
    "steps": [
        {"http.request": {"connection": "shop", "path": "/admin/drain"}},
        {"http.request": {"connection": "shop", "path": "/admin/reset-breaker"}},
    ],
}


async def test_in_the_middle_of_a_remedy(tmp_path, shop):
    shop.gates["drain"] = asyncio.Event()
    site = Site.make(tmp_path, shop_rules(TWO_CHANGES), connections=shop.connections)
    async with start_daemon(site) as daemon:
        run = await daemon.alert(alertname="ShopDown")
        await asyncio.wait_for(shop.arrived.wait(), 5)
        await daemon.cli("pause", "--reason", "a migration is under way")
        shop.gates["drain"].set()  # the step in flight finishes; the next one must not begin
        shown = await daemon.reaches(run, "acting", held_by="pause")
        assert "a migration is under way" in shown["reason"]
        await asyncio.sleep(0.3)
        assert shop.changes == ["drain"]
        [pause] = await daemon.api("/api/v1/pauses")
        assert (pause["scope"], pause["reason"]) == ("global", "a migration is under way")

        await daemon.cli("resume")
        await daemon.reaches(run, "succeeded")
        assert await daemon.api("/api/v1/pauses") == []
    assert shop.changes == ["drain", "reset-breaker"]


async def test_before_a_run_begins_and_for_one_rule_only(tmp_path, shop):
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections)
    async with start_daemon(site) as daemon:
        await daemon.cli("pause", "rule:another", "--reason", "not this one")
        await daemon.cli("pause", "rule:shop", "--reason", "being rebuilt", "--for", "1h")
        run = await daemon.alert(alertname="ShopDown")
        shown = await daemon.reaches(run, "held", held_by="pause")
        assert shown["held_until"] is not None
        await daemon.cli("resume", "rule:shop")
        await daemon.reaches(run, "succeeded")

        # One that ends by itself.
        shop.broken = True
        await daemon.cli("pause", "--reason", "two seconds", "--for", "2s")
        run = await daemon.alert(alertname="ShopDown", instance="two")
        await daemon.reaches(run, "held", held_by="pause")
        await daemon.reaches(run, "succeeded")
    assert shop.changes == ["reset-breaker"] * 2
