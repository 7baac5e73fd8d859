from e2e.daemon import Site, start_daemon
from e2e.shop import shop_rules


def site_of(tmp_path, shop, **rule):
    site = Site.make(tmp_path, shop_rules(mode="ask", **rule), connections=shop.connections)
    return Site(site.home, ("--web.config.file", site.web_file(oncall="s3cret-word")))


async def test_an_approval_with_name_and_reason_lets_it_act_once(tmp_path, shop):
    async with start_daemon(site_of(tmp_path, shop), user="oncall") as daemon:
        run = await daemon.alert(alertname="ShopDown")
        shown = await daemon.reaches(run, "awaiting_approval")
        assert shop.changes == []
        assert await daemon.alert(alertname="ShopDown") == ""  # a resend does not hurry it
        assert "awaiting_approval" in await daemon.cli("runs", "list", "--status", "open")

        # Who looked at something else approves nothing.
        said = await daemon.cli("runs", "approve", run, "--reason", "yes", "--shown", "0123456789abcdef", fails=True)
        assert "look again" in said
        approve = daemon.advised("Approve")
        assert approve == ["runs", "approve", run, "--reason", "…"]
        await daemon.cli(*approve[:-1], "seen before, safe", "--shown", shown["shown"])

        shown = await daemon.reaches(run, "succeeded")
        assert (shown["approved_by"], shown["approval_reason"]) == ("oncall", "seen before, safe")
        assert "oncall: seen before, safe" in await daemon.cli("runs", "show", run)
        said = await daemon.cli("runs", "approve", run, "--reason", "again", fails=True)
        assert "does not wait for an approval" in said
        audit = await daemon.api("/api/v1/audit")
        assert [(entry["who"], entry["what"], entry["subject"]) for entry in audit] == [("oncall", "approve", run)]
    assert shop.changes == ["reset-breaker"]


async def test_a_refusal_ends_it(tmp_path, shop):
    async with start_daemon(site_of(tmp_path, shop), user="oncall") as daemon:
        run = await daemon.alert(alertname="ShopDown")
        await daemon.reaches(run, "awaiting_approval")
        await daemon.tells("Refuse: ")
        await daemon.cli(*daemon.advised("Refuse")[:-1], "a deployment is under way")  # as the report advises it
        shown = await daemon.reaches(run, "refused")
        assert shown["reason"] == "refused by oncall: a deployment is under way"
        assert await daemon.alert(alertname="ShopDown") == ""  # it is not asked again for the same trouble
        assert await daemon.metric("remediator_open_runs") == 0
        assert await daemon.metric("remediator_runs_total", rule="shop", status="refused") == 1
        await daemon.tells("refused by oncall")
    assert shop.changes == []


async def test_nobody_answers(tmp_path, shop):
    async with start_daemon(site_of(tmp_path, shop, approval_timeout="1s"), user="oncall") as daemon:
        run = await daemon.alert(alertname="ShopDown")
        shown = await daemon.reaches(run, "expired")
        assert "nobody approved" in shown["reason"]
    assert shop.changes == []


async def test_what_resolves_meanwhile_needs_nobody(tmp_path, shop):
    async with start_daemon(site_of(tmp_path, shop), user="oncall") as daemon:
        run = await daemon.alert(alertname="ShopDown")
        await daemon.reaches(run, "awaiting_approval")
        await daemon.alert(alertname="ShopDown", over=True)
        await daemon.reaches(run, "cancelled")
        await daemon.tells("the alert has resolved")  # those who were asked hear that they are not needed
    assert shop.changes == []
