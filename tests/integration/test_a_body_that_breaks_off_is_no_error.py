"""Whoever breaks off, or sends what is no body, is answered at once where he still listens; the log has no error of it."""

import asyncio
import contextlib
import io
import json
import logging
import socket
import struct

import pytest
import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from remediator import logs
from remediator.engine.clock import SystemClock
from remediator.engine.path import Accepted
from remediator.interfaces.web.api import Api
from remediator.interfaces.web.auth import Credentials
from remediator.interfaces.web.connections import BoundedSite
from remediator.interfaces.web.operate import Operate
from remediator.interfaces.web.server import make_application
from remediator.interfaces.web.webhook import Webhook

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")

CHUNKED = b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
LENGTH = b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
BODY = b'{"alerts": []}'
RESET = struct.pack("ii", 1, 0)  # of SO_LINGER: closing is a reset


class Counts:
    def __init__(self):
        self.codes = []

    def received(self, code, _alerts, _truncated):
        self.codes.append(code)


@pytest.fixture
def log():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    logs.configure("json", "debug", out)
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
async def door(log):
    async def receive(_arrived):
        return Accepted("n1", ())

    async def reject(*_):
        pass

    counts, nobody = Counts(), Credentials({}, "")
    webhook = Webhook(receive, reject, nobody, counts, 10.0)
    operate = Operate(tuple, reject, CollectorRegistry())
    api = Api(None, SystemClock(), reject, reject, logs.set_level)
    runner = web.AppRunner(make_application(webhook, operate, api, nobody, 1024, read_timeout=10.0), access_log=None)
    await runner.setup()
    site = BoundedSite(runner, socket.create_server(("127.0.0.1", 0)), 10, ssl_context=None, backlog=10)
    await site.start()
    yield Door(runner.addresses[0][1], counts, log)
    await runner.cleanup()


class Door:
    def __init__(self, port, counts, log):
        self._port, self.counts, self.log = port, counts, log

    async def said(self, *parts, pause=0.3, reset=False, half=False):
        """Return all that is answered to these parts until the connection is closed."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            for part in parts:
                writer.write(part)
                await asyncio.sleep(pause)
            if reset:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                writer.transport.abort()
                return b""
            if half:
                writer.write_eof()
            async with asyncio.timeout(3):
                return await reader.read()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def errors(self):
        await asyncio.sleep(0.2)
        return [line for line in self.log() if line["level"] not in ("debug", "info") or "exception" in line]


@pytest.mark.parametrize("how", ["reset", "half"])
@pytest.mark.parametrize("path", [b"/webhook", b"/api/v1/pause"])
@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "of known length"])
async def test_who_has_gone_is_no_error(door, path, chunked, how):
    parts = (CHUNKED % path, b"2\r\n{") if chunked else (LENGTH % (path, 100), b"{")
    await door.said(*parts, **{how: True})
    assert await door.errors() == []
    assert len([line for line in door.log() if line.get("logger") != "asyncio"]) <= 1


@pytest.mark.parametrize("pause", [0.3, 0.01, 0.0])
@pytest.mark.parametrize("path", [b"/webhook", b"/api/v1/pause"])
@pytest.mark.parametrize("rest", [b"zz\r\n", b"2\r\n{}zz"])
async def test_what_is_no_chunk_is_answered_at_once(door, path, pause, rest):
    answer = await door.said(CHUNKED % path, rest, pause=pause)
    assert answer[:12] in (b"HTTP/1.1 400", b"HTTP/1.0 400")  # 1.0: the head was not yet looked at
    assert answer.count(b"HTTP/1.") == 1
    assert await door.errors() == []


async def test_a_whole_body_is_taken_whatever_comes_behind_it(door):
    answer = await door.said(LENGTH % (b"/webhook", len(BODY)), BODY, b"no request\r\n\r\n")
    assert [part[2:5] for part in answer.split(b"HTTP/1.")[1:]] == [b"202", b"400"]
    assert door.counts.codes == [202]


async def test_chunks_that_are_right_are_put_together(door):
    answer = await door.said(CHUNKED % b"/webhook", b"7\r\n" + BODY[:7] + b"\r\n", b"7\r\n" + BODY[7:] + b"\r\n0\r\n\r\n",
                             b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")  # fmt: skip
    assert [part[2:5] for part in answer.split(b"HTTP/1.")[1:]] == [b"202", b"200"]
