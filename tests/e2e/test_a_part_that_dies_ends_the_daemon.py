"""A daemon without its dispatcher would take alerts in and do nothing: it stops, says why, and its exit code is 1, so
that whoever looks after it starts it again."""

import asyncio
import json

import pytest
from e2e.daemon import Site, environment, start_daemon
from e2e.shop import shop_rules
from fakes.forking import start
from fakes.starved import Limit


@pytest.mark.parametrize("part", ["Engine.dispatch", "upkeep"])
async def test_with_exit_code_1(tmp_path, shop, part):
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections)
    with (tmp_path / "stderr").open("ab") as err, (tmp_path / "stdout").open("ab") as out:
        program = await start(
            cwd=tmp_path, env=environment(), out=out, err=err, call="e2e.dying_daemon:daemon",
            more={"config": str(site.config), "part": part},
        )  # fmt: skip
    limit = Limit(20.0, program.pid)
    try:
        while program.returncode is None and not limit.over:
            await asyncio.sleep(0.02)
        assert program.returncode == 1
    finally:
        program.kill()
    log = [json.loads(line) for line in (tmp_path / "stderr").read_text().splitlines()]
    [said] = [line for line in log if line["event"] == "a part of the daemon died; it stops and can be started again"]
    assert said["level"] == "critical"
    assert "the clock has stopped" in json.dumps(said)
    assert log[-1]["event"] == "stopped"  # in good order: what is in flight may finish
    async with start_daemon(site) as daemon:
        await daemon.reaches(await daemon.alert(alertname="ShopDown"), "succeeded")
        assert await daemon.stop() == 0
