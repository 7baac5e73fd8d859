"""Whoever reads log and console has stopped: alerts are answered, remedies done, reports kept, and SIGTERM ends it."""

import asyncio
import json
import os
import signal
import sys

import aiohttp
from e2e.daemon import Site
from e2e.shop import shop_rules

FULL = 64 * 1024  # pipe(7): "the pipe capacity is 16 pages"


async def test_it_goes_on(tmp_path, shop, unused_tcp_port):
    Site.make(tmp_path, shop_rules(), connections=shop.connections)
    pipes = [os.pipe(), os.pipe()]
    for _, writes in pipes:
        os.set_blocking(writes, False)
        os.write(writes, b"x" * (FULL - 4096))  # the start has some lines
        os.set_blocking(writes, True)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "remediator", "serve", "--config.file", "remediator.yml", "--log.level", "debug",
        "--web.listen-address", f"127.0.0.1:{unused_tcp_port}", cwd=tmp_path, stdout=pipes[0][1], stderr=pipes[1][1],
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{unused_tcp_port}") as session, asyncio.timeout(40):
            while not await answers(session):
                await asyncio.sleep(0.05)
            for number in range(40):
                body = {"receiver": "r", "status": "firing", "version": "4", "groupKey": "g", "alerts": [{
                    "status": "firing", "labels": {"alertname": "ShopDown", "number": str(number)},
                    "startsAt": "2026-01-01T00:00:00Z", "fingerprint": f"{number:016x}", "annotations": {},
                }]}  # fmt: skip
                async with session.post("/webhook", json=body) as answer:
                    assert answer.status == 202
            while (await ask(session, "/api/v1/runs?status=succeeded")) == []:
                await asyncio.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 15) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        for pair in pipes:
            for end in pair:
                os.close(end)


async def answers(session):
    try:
        return (await session.get("/-/ready")).status == 200
    except aiohttp.ClientError:
        return False


async def ask(session, path):
    async with session.get(path) as answer:
        return json.loads(await answer.text())
