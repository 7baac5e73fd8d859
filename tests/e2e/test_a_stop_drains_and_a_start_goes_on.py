import asyncio
import signal

from e2e.daemon import Site, command, notification, start_daemon
from e2e.shop import shop_rules


async def test_sigterm_lets_the_step_in_flight_finish(tmp_path, shop):
    gate = shop.gates["reset-breaker"] = asyncio.Event()
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections)
    async with start_daemon(site) as daemon:
        run = await daemon.alert(alertname="ShopDown")
        await asyncio.wait_for(shop.arrived.wait(), 5)
        daemon.process.send_signal(signal.SIGTERM)
        await is_draining(daemon)
        assert (await daemon.post(notification([{"alertname": "ShopDown"}])))[0] == 503  # Alertmanager tries again
        gate.set()
        assert await daemon.process.wait() == 0
        [stopped] = [line for line in daemon.log() if line["event"] == "stopped"]
        assert (stopped["cut_off"], stopped["open_runs"]) == (0, 1)
    async with start_daemon(site) as daemon:
        shown = await daemon.reaches(run, "succeeded")
    assert [step["outcome"] for step in shown["journal"] if step["phase"] == "act"] == ["done"]
    assert shop.changes == ["reset-breaker"]


async def is_draining(daemon):
    for _ in range(200):
        if (await daemon.ask("GET", "/-/ready"))[0] == 503:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it is still ready")


async def test_what_does_not_finish_in_time_is_unknown_never_repeated(tmp_path, shop):
    gate = shop.gates["reset-breaker"] = asyncio.Event()
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections, drain="300ms")
    async with start_daemon(site) as daemon:
        run = await daemon.alert(alertname="ShopDown")
        await asyncio.wait_for(shop.arrived.wait(), 5)
        assert await daemon.stop() == 0
        [stopped] = [line for line in daemon.log() if line["event"] == "stopped"]
        assert stopped["cut_off"] == 1
    async with start_daemon(site) as daemon:
        # A POST whose answer is missing may have happened: a person has to look.
        shown = await daemon.reaches(run, "unknown")
        assert "http.request" in shown["reason"]
        assert shop.changes == ["reset-breaker"]
        # Its target stays locked, until somebody says what became of it.
        other = await daemon.alert(alertname="ShopDown", instance="two")
        await daemon.reaches(other, "held", held_by="lock")
        del shop.gates["reset-breaker"]  # the first call goes on hanging
        await daemon.tells("If it did not: ")
        await daemon.cli(*daemon.advised("If it did not"))  # as the report advises it
        await daemon.reaches(other, "succeeded")
    assert shop.changes == ["reset-breaker"] * 2
    gate.set()


async def test_a_verification_goes_on_after_a_kill(tmp_path, shop):
    shop.heals = set()
    site = Site.make(tmp_path, shop_rules(within="30s"), connections=shop.connections)
    async with start_daemon(site) as daemon:
        run = await daemon.alert(alertname="ShopDown")
        await daemon.reaches(run, "verifying")
        await daemon.stop(signal.SIGKILL)
    shop.broken = False
    async with start_daemon(site) as daemon:
        await daemon.reaches(run, "succeeded")
    assert shop.changes == ["reset-breaker"]


async def test_a_second_process_keeps_out(tmp_path, shop):
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections)
    async with start_daemon(site) as daemon:
        serve = ("serve", "--config.file", "remediator.yml", "--web.listen-address", "127.0.0.1:0")
        code, _, said = await command(tmp_path, *serve)
        assert code == 1
        assert "remediator.db" in said
        assert "Traceback" not in said
        await daemon.reaches(await daemon.alert(alertname="ShopDown"), "succeeded")
