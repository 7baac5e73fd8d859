"""``systemctl reload`` right after a start: SIGHUP must not end a process that does not listen to it yet."""

import asyncio
import signal

from e2e.daemon import Site, environment
from e2e.shop import shop_rules
from fakes.forking import start


async def test_sighup_until_it_is_ready(tmp_path, shop):
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections, watch_rules=False)
    log = tmp_path / "stderr"
    with log.open("wb") as err, (tmp_path / "stdout").open("wb") as out:
        process = await start(
            "serve", "--config.file", str(site.config), "--web.listen-address", "127.0.0.1:0", "--log.format", "json",
            cwd=site.home, env=environment(), out=out, err=err,
        )  # fmt: skip
    try:
        async with asyncio.timeout(15):
            while '"ready"' not in log.read_text():
                if site.store.exists():
                    process.send_signal(signal.SIGHUP)
                assert process.returncode is None, log.read_text()
                await asyncio.sleep(0.002)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 15) == 0
    finally:
        process.kill()
