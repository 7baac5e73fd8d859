"""SIGTERM: steps in flight have ``drain``, requests that are still open two seconds more; not ``drain`` once again."""

import asyncio
import signal
from time import monotonic

from e2e.daemon import Site, start_daemon
from e2e.shop import shop_rules

DRAIN = 5.0


async def test_a_slow_step_and_a_slow_sender(tmp_path, shop):
    shop.gates["reset-breaker"] = asyncio.Event()
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections, drain=f"{DRAIN:g}s")
    async with start_daemon(site) as daemon:
        host, _, port = daemon.url.removeprefix("http://").partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /webhook HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
        await daemon.alert(alertname="ShopDown")
        await asyncio.wait_for(shop.arrived.wait(), 10)
        began = monotonic()
        daemon.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(daemon.process.wait(), 3 * DRAIN) == 0
        assert DRAIN <= monotonic() - began < 2 * DRAIN - 1.5
        writer.close()
