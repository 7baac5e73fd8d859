"""What a list is asked for says something, or is refused by its name: an empty answer would be taken for the truth."""

import pytest
from e2e.daemon import Site, command, start_daemon
from e2e.shop import shop_rules

WRONG = {
    "/api/v1/runs?status=suceeded": ('status: "suceeded" is none', 'did you mean "succeeded"?'),
    "/api/v1/runs?status=zzz": ("status", "known here: acting, ", "open", "verifying"),
    "/api/v1/runs?limit=-1": ("limit", "a number from 1 to 1000", '"-1"'),
    "/api/v1/runs?limit=1001": ("limit", "a number from 1 to 1000"),
    "/api/v1/decisions?verdict=refuse": ("verdict", 'did you mean "refused"?'),
    "/api/v1/decisions?limit=many": ("limit", '"many"'),
    "/api/v1/audit?limit=0": ("limit", "a number from 1 to 1000"),
    "/api/v1/audit?before=yesterday": ("before", "a number"),
    "/api/v1/audit?format=json": ("format", 'did you mean "jsonl"?'),
    "/api/v1/audit?format=jsonl&after=x": ("after", "a number"),
    "/api/v1/rules/stats?since=7d": ("since", "a number"),
}


async def test_each_parameter_by_its_name(tmp_path, shop):
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections)
    async with start_daemon(site) as daemon:
        for path, words in WRONG.items():
            status, answer = await daemon.ask("GET", path)
            said = f"{answer['field']}: {answer['detail']}"
            assert (status, answer["status"]) == (400, 400), path
            for word in words:
                assert word in said, (path, said)
        for path in ("/api/v1/runs?status=&limit=", "/api/v1/runs?status=open", "/api/v1/decisions?verdict=joined"):
            assert await daemon.api(path) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--status", "suceeded"], 'remediator: Bad Request: status: "suceeded" is none; did you mean "succeeded"?\n'),
        (["--limit", "-1"], 'remediator: Bad Request: limit: it takes a number from 1 to 1000, not "-1"\n'),
    ],
)
async def test_the_command_prints_it(tmp_path, shop, words, said):
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections)
    async with start_daemon(site) as daemon:
        assert await command(site.home, "runs", "list", *words, "--url", daemon.url) == (1, "", said)


async def test_a_rule_of_which_there_are_no_runs_may_be_none(tmp_path, shop):
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections)
    async with start_daemon(site) as daemon:
        listed = await command(site.home, "runs", "list", "--rule", "shup", "--url", daemon.url)
        assert listed == (0, "no runs\n", 'remediator: no rule is called "shup" now; did you mean "shop"?\n')
        assert await command(site.home, "runs", "list", "--rule", "shop", "--url", daemon.url) == (0, "no runs\n", "")
        told = await command(site.home, "rules", "stats", "--rule", "shup", "--url", daemon.url)
        assert told == (0, "no runs\n", 'remediator: no rule is called "shup" now; did you mean "shop"?\n')
