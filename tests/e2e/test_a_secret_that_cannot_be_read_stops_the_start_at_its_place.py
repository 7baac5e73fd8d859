from e2e.daemon import Site, command, start_daemon
from e2e.shop import shop_rules


async def test_the_key_of_the_configuration_is_named(tmp_path):
    site = Site.make(tmp_path, shop_rules(), connections={"http": {"shop": {"base_url": "http://127.0.0.1:1"}}})
    with site.config.open("a") as config:
        config.write("slack: {webhook_url_file: nowhere}\nweb: {webhook: {bearer_token_file: gone}}\n")
    lines = len(site.config.read_text().splitlines())
    code, _, said = await command(site.home, "serve", "--config.file", "remediator.yml", "--web.listen-address", "127.0.0.1:0")
    assert code == 1
    for line, column, name in ((lines - 1, 27, "nowhere"), (lines, 36, "gone")):
        assert f"remediator.yml:{line}:{column}: error: {tmp_path}/{name} cannot be used: No such file or directory\n" in said
    assert "Errno" not in said
    assert not site.store.exists()  # nothing was touched


async def test_one_that_is_read_at_each_use_is_warned_of(tmp_path):
    site = Site.make(
        tmp_path, shop_rules(),
        connections={"http": {"shop": {"base_url": "http://127.0.0.1:1", "bearer_token_file": "/nowhere/token"}}},
    )  # fmt: skip
    async with start_daemon(site) as daemon:
        said = [line["problem"] for line in daemon.log() if line["event"] == "configuration"]
        assert len(said) == 1
        assert 'warning: "/nowhere/token" cannot be read now: No such file or directory' in said[0]
