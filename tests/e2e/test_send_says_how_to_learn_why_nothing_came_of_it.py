from e2e.daemon import Site, command, start_daemon
from e2e.shop import shop_rules


async def test_it_names_the_command_that_explains(tmp_path, shop):
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections)
    async with start_daemon(site) as daemon:
        code, _, err = await command(site.home, "send", "alertname=Nothing", "instance=a b", "--url", daemon.url)
        assert code == 0
        assert err == "remediator: no run has begun; why: remediator explain alertname=Nothing 'instance=a b'\n"
        code, out, err = await command(site.home, "send", "alertname=ShopDown", "--url", daemon.url)
        assert (code, err, '"runs":["' in out) == (0, "", True)
        assert (await command(site.home, "send", "alertname=ShopDown", "--resolved", "--url", daemon.url))[2] == ""
