from e2e.daemon import Site, start_daemon
from e2e.shop import remedy, shop_rules


async def observed(tmp_path, shop, rules, **config):
    site = Site.make(tmp_path, rules, connections=shop.connections, **config)
    async with start_daemon(site) as daemon:
        run = await daemon.alert(alertname="ShopDown")
        shown = await daemon.reaches(run, "observed")
        told = await daemon.cli("runs", "show", run, "--markdown")
        assert await daemon.metric("remediator_runs_total", rule="shop", status="observed") == 1
    assert shop.changes == []
    assert shop.broken
    return shown, told


async def test_a_rule_that_observes_says_what_it_would_do(tmp_path, shop):
    shown, told = await observed(tmp_path, shop, shop_rules(mode="observe"))
    assert 'would do "reset-breaker"' in shown["reason"]
    assert f"POST `{shop.url}/admin/reset-breaker`" in told  # the request that would be sent
    assert {step["phase"] for step in shown["journal"]} == {"diagnose", "baseline", "preview"}


async def test_the_daemons_max_mode_caps_a_rule_that_would_act(tmp_path, shop):
    shown, _ = await observed(tmp_path, shop, shop_rules(mode="auto"), max_mode="observe", allow={})
    assert "max_mode is observe" in shown["reason"]


async def test_a_remedy_may_be_stricter_than_its_rule(tmp_path, shop):
    shown, _ = await observed(tmp_path, shop, shop_rules(remedy("reset-breaker", mode="observe")))
    assert 'would do "reset-breaker"' in shown["reason"]
