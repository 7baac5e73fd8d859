"""Senders that announce a large body and stop sending hold up neither small notifications nor large ones."""

import asyncio
import io
import json
from time import monotonic

from e2e.daemon import Site, notification, start_daemon
from e2e.shop import shop_rules

HEAD = b"POST /webhook HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n"
CHUNKED = b"POST /webhook HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"


async def test_nobody_waits(tmp_path, shop):
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections)
    async with start_daemon(site) as daemon:
        host, _, port = daemon.url.removeprefix("http://").partition(":")
        stalled = []
        for begun in [HEAD + b"{"] * 20 + [CHUNKED] * 20:
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(begun)
            stalled.append(writer)
        await asyncio.sleep(0.3)
        large = json.loads(notification([{"alertname": "Other"}]))
        large["alerts"][0]["annotations"] = {"a": "x" * 1_500_000}
        began = monotonic()
        for body in (notification([{"alertname": "Other"}]), io.BytesIO(json.dumps(large).encode())):
            status, said = await daemon.ask("POST", "/webhook", data=body)
            assert status == 202, said
        assert monotonic() - began < 3
        for writer in stalled:
            writer.close()


async def test_one_that_stops_half_way_loses_its_place(tmp_path, shop):
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections)
    async with start_daemon(site) as daemon:
        host, _, port = daemon.url.removeprefix("http://").partition(":")

        async def stall():
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(HEAD + b"{" + b" " * 2_000_000)
            answer = await reader.readline()
            writer.close()
            return answer

        large = json.loads(notification([{"alertname": "Other"}]))
        large["alerts"][0]["annotations"] = {"a": "x" * 1_500_000}
        stalling = [asyncio.create_task(stall()) for _ in range(4)]
        await asyncio.sleep(0.3)
        status, said = await asyncio.wait_for(daemon.ask("POST", "/webhook", data=io.BytesIO(json.dumps(large).encode())), 15)
        assert status == 202, said
        assert [answer.split()[1] for answer in await asyncio.gather(*stalling)] == [b"503"] * 4
