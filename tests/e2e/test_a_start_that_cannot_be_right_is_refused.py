import pytest
import yaml
from e2e.daemon import Site, command, start_daemon
from e2e.shop import shop_rules

CONNECTIONS = {"http": {"shop": {"base_url": "http://127.0.0.1:1"}}}


async def refused(site, *flags):
    code, _, err = await command(site.home, "serve", "--config.file", "remediator.yml", *flags, *site.flags)
    assert code == 1
    assert "Traceback" not in err
    assert '"ready"' not in err
    return err


@pytest.mark.parametrize("address", [":0", "[::]:0"])
async def test_a_public_address_that_asks_nobody_to_log_in(tmp_path, address):
    site = Site.make(tmp_path, shop_rules(), connections=CONNECTIONS)
    said = await refused(site, "--web.listen-address", address)
    assert "--web.config.file with basic_auth_users" in said
    assert "web.webhook.bearer_token_file" in said


async def test_a_public_address_needs_both_doors_closed(tmp_path):
    site = Site.make(tmp_path, shop_rules(), connections=CONNECTIONS)
    flags = ("--web.listen-address", "0.0.0.0:0", "--web.config.file", site.web_file(oncall="s3cret-word"))
    said = await refused(site, *flags)
    assert "web.webhook.bearer_token_file" in said
    assert "operators: give" not in said


async def test_a_public_address_with_both_is_served(tmp_path):
    site = Site.make(
        tmp_path, shop_rules(), "--web.listen-address", "0.0.0.0:0", connections=CONNECTIONS,
        web={"webhook": {"bearer_token_file": "token"}},
    )  # fmt: skip
    site.file("token", "t0ken-of-the-webhook\n")
    site = Site(site.home, (*site.flags, "--web.config.file", site.web_file(oncall="s3cret-word")))
    async with start_daemon(site, user="oncall") as daemon:
        assert (await daemon.ask("GET", "/api/v1/runs"))[0] == 401
        assert (await daemon.ask("GET", "/metrics"))[0] == 401
        assert await daemon.runs() == []


async def test_every_wrong_setting_is_told_at_its_place(tmp_path):
    site = Site.make(tmp_path, shop_rules(), connections=CONNECTIONS)
    site.config.write_text(
        'max_mod: auto\nlimits:\n  backlog: "many"\n  hold_max: 30\nconnections:\n  htpp: {shop: {base_url: "http://h"}}\n'
    )
    said = await refused(site)
    for line in (
        "remediator.yml:1:1: ", 'did you mean "max_mode"?', "remediator.yml:3:", "remediator.yml:4:", 'write "30s"',
        "  ^",
    ):  # fmt: skip
        assert line in said


async def test_acting_needs_a_place_to_act_on(tmp_path):
    site = Site.make(tmp_path, shop_rules(), connections=CONNECTIONS, allow={})
    assert "allow.targets is empty" in await refused(site)


async def test_every_wrong_rule_is_told_at_its_place(tmp_path):
    rules = yaml.safe_dump(shop_rules(), sort_keys=False)
    site = Site.make(tmp_path, rules.replace("http.probe", "http.prob").replace("guide: shop", "guide: shpo"))
    # What is wrong in form in one place hides nothing elsewhere: not in the file, not in the next one.
    other = rules.replace("shop", "other").replace("within: 5s", "within: 5")
    other += other[other.index("  other:") :].replace("  other:", "  third:").replace("within: 5", "within: 5s")
    (tmp_path / "rules" / "more.yaml").write_text(other.replace("/admin/reset-breaker", "admin"))
    said = await refused(site)
    for line in (
        'did you mean "http.probe"?', 'did you mean "shop"?', 'write "5s"', 'a path begins with "/"',
        "rules/rules.yaml:", "rules/more.yaml:", "  ^",
    ):  # fmt: skip
        assert line in said
    assert 'no guide "other"' not in said  # it is there, only wrong
    code, _, err = await command(tmp_path, "check", "rules")
    assert code == 1
    assert 'did you mean "http.probe"?' in err


async def test_a_missing_file_is_named(tmp_path):
    code, _, err = await command(tmp_path, "serve", "--config.file", "nowhere.yml")
    assert code == 1
    assert "nowhere.yml" in err
    assert "Traceback" not in err


async def test_an_address_in_use_is_named(tmp_path, shop):
    site = Site.make(tmp_path, shop_rules(), connections=CONNECTIONS)
    address = shop.url.removeprefix("http://")
    said = await refused(site, "--web.listen-address", address)
    assert address in said
