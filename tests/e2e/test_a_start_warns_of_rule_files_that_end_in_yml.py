from e2e.daemon import Site, start_daemon
from e2e.shop import shop_rules


async def test_once_a_file(tmp_path, shop):
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections)
    site.file("rules/more.yml", "guides: {more: {summary: s, target: http/more}}\n")
    async with start_daemon(site) as daemon:
        said = [line["problem"] for line in daemon.log() if line["event"] == "rule file"]
        assert said == ["rules/more.yml: warning: is not read: rule files end in .yaml"]
