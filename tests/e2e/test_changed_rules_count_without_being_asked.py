import asyncio

from e2e.daemon import Site, start_daemon
from e2e.shop import shop_rules


async def logged(daemon, event):
    for _ in range(300):
        if lines := [line for line in daemon.log() if line["event"] == event]:
            return lines
        await asyncio.sleep(0.03)
    raise AssertionError(f"nothing was logged as {event}")


async def test_an_edited_file_is_read_and_the_log_says_what_changed(tmp_path, shop):
    site = Site.make(tmp_path, shop_rules(mode="observe"), connections=shop.connections)
    async with start_daemon(site) as daemon:
        rules = shop_rules(limits={"cooldown": "1s"})
        rules["rules"].append({"name": "other", "match": 'alertname = "Other"', "guide": "shop"})
        site.write_rules(rules)
        (changed,) = await logged(daemon, "rule changed")
        assert (changed["rule"], sorted(changed["fields"])) == ("shop", ["limits.cooldown", "mode"])
        assert [line["rule"] for line in await logged(daemon, "rule added")] == ["other"]
        assert (await logged(daemon, "reloaded"))[0]["rules"] == 2
        await daemon.reaches(await daemon.alert(alertname="ShopDown"), "succeeded")  # auto by now
