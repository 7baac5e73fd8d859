import yaml
from e2e.daemon import Site, command, start_daemon
from e2e.shop import shop_rules


async def test_and_leaves_the_old_table_at_a_reload(tmp_path, shop):
    good = yaml.safe_dump(shop_rules(), sort_keys=False)
    site = Site.make(tmp_path, good.replace("connection: shop", "connection: shpo"), connections=shop.connections)
    code, _, said = await command(site.home, "serve", "--config.file", "remediator.yml", *site.flags)
    assert code == 1
    assert 'no http connection "shpo" is configured' in said
    assert 'did you mean "shop"?' in said
    assert "rules/rules.yaml:" in said

    code, _, said = await command(site.home, "check", "--config.file", "remediator.yml")
    assert code == 1
    assert 'no http connection "shpo" is configured' in said

    site.write_rules(good)
    async with start_daemon(site) as daemon:
        site.write_rules(good.replace("connection: shop", "connection: shpo"))
        status, answer = await daemon.ask("POST", "/-/reload")
        assert status == 500
        assert 'no http connection "shpo"' in str(answer)
        shop.broken = True
        await daemon.reaches(await daemon.alert(alertname="ShopDown"), "succeeded")
