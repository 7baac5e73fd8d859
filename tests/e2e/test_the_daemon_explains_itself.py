import json

from e2e.daemon import Site, command, start_daemon
from e2e.shop import shop_rules


async def test_alerts_runs_and_rules_are_told_from_what_has_happened(tmp_path, shop):
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections)
    async with start_daemon(site) as daemon:
        run = await daemon.alert(alertname="ShopDown")
        await daemon.reaches(run, "succeeded")
        asked = await daemon.api("/api/v1/explain", {"labels": {"alertname": "ShopDown"}})
        assert (asked["history"], asked["matches"], asked["would"][0]["rule"]) == (True, True, "shop")
        then = json.loads(await daemon.cli("explain", "--run", run[-8:], "--json"))["then"]
        assert [one["verdict"] for one in then] == ["run", "succeeded"]
        code, out, _ = await command(site.home, "explain", "alertname=Nothing", "--url", daemon.url)
        assert (code, "no rule matches" in out) == (3, True)
        status, answer = await daemon.ask("POST", "/api/v1/explain", {"labels": {}, "run": run})
        assert (status, "one of" in answer["detail"]) == (409, True)
        status, _ = await daemon.ask("POST", "/api/v1/explain", {"episode": "nothing"})
        assert status == 404

        [stats] = await daemon.api("/api/v1/rules/stats")
        assert (stats["rule"], stats["mode"], stats["acted"], stats["verified"]) == ("shop", "auto", 1, 1)
        assert "1 verified (100%)" in await daemon.cli("rules", "stats")
        # The same from the store's file, beside the daemon that uses it.
        assert "1 verified (100%)" in await daemon.cli("rules", "stats", "--store", str(site.store))
        _, told, _ = await command(site.home, "backtest", "rules/rules.yaml", "--store", str(site.store), "--json")
        assert json.loads(told)["rules"][0]["would_run"] == 1
        assert len(await daemon.runs()) == 1
