"""A pause may be meant for a rule that is to come: it is kept. But who mistyped a name must not think that all is well."""

import re

from e2e.daemon import Site, command, start_daemon
from e2e.shop import shop_rules

TIME = r"\d\d-\d\d \d\d:\d\d:\d\d"


async def test_a_pause_for_a_rule_that_is_not_there_warns(tmp_path, shop):
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections)
    async with start_daemon(site) as daemon:

        async def asked(*words):
            return await command(site.home, *words, "--url", daemon.url)

        code, out, err = await asked("pause", "rule:shup", "--reason", "x")
        assert (code, out) == (0, "paused: rule:shup\n")
        assert err == 'remediator: there is no rule "shup" now; did you mean "shop"?\n'
        code, _, err = await asked("maintenance", "rule:none", "--reason", "x", "--for", "1h")
        assert (code, err) == (0, 'remediator: there is no rule "none" now; known here: shop\n')
        assert await asked("pause", "rule:shop", "--reason", "x") == (0, "paused: rule:shop\n", "")
        assert (await daemon.api("/api/v1/pause", {"reason": "x"}))["warning"] == ""
        assert [one["scope"] for one in await daemon.api("/api/v1/pauses")] == ["global", "rule:none", "rule:shop", "rule:shup"]


async def test_they_are_listed_as_long_as_they_hold(tmp_path, shop):
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections)
    async with start_daemon(site) as daemon:
        assert await daemon.cli("pauses") == "no pauses\n"
        await daemon.api("/api/v1/pause", {"scope": "rule:shop", "reason": "under repair", "who": "ann"})
        await daemon.api("/api/v1/pause", {"scope": "cluster:a", "reason": "upgrade\n", "who": "bob", "duration": "1h", "kind": "maintenance"})
        await daemon.api("/api/v1/pause", {"scope": "cluster:b", "reason": "over", "duration": "1ms"})
        first, second = (await daemon.cli("pauses")).splitlines()
        assert re.fullmatch(rf"cluster:a +maintenance +bob +since {TIME}  until {TIME}  upgrade\\n", first), first
        assert re.fullmatch(rf"rule:shop +pause +ann +since {TIME}  until resumed +under repair", second), second
        assert '"scope": "cluster:a"' in await daemon.cli("pauses", "--json")


async def test_one_that_lasts_no_time_is_refused_in_plain_words(tmp_path, shop):
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections)
    async with start_daemon(site) as daemon:
        refused = await daemon.cli("pause", "--reason", "x", "--for", "0s", fails=True)
        assert refused == (
            "remediator: Conflict: a pause of no time holds nothing; say for how long, such as 30m, or leave it out: "
            "then it lasts until it is resumed\n"
        )
        refused = await daemon.cli("pause", "--reason", "x", "--for", "soon", fails=True)
        assert refused == 'remediator: Conflict: duration: "soon" is not a duration; write "30s", "5m", "1h30m"\n'
        assert await daemon.api("/api/v1/pauses") == []
