"""A short run of what ``make fuzz`` does with a million bodies; and the worst that a sender can do with one."""

import asyncio
import json
from pathlib import Path

from fuzz.bodies import SEEDS, huge
from fuzz.fuzz_webhook import MAX_BODY, Found, a_daemon, fuzz, peak, send_all

from remediator.interfaces.alertmanager import read_notification

RSS = 300  #: MB

BROKEN = (
    b"",
    b"\r\n\r\n",
    b"\x00" * 100,
    b"GET",
    b"POST /webhook\r\n\r\n",
    b"POST /webhook HTTP/9.9\r\nHost: a\r\n\r\n",
    b"POST /webhook HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST /webhook HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\nab",
    b"POST /webhook HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
    b"POST /webhook HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{}",  # and the rest never comes
    b"POST /webhook HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    b"POST /webhook HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"POST /webhook HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /webhook HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /webhook HTTP/1.1\r\nHost: a\r\nContent-Encoding: br, deflate\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /webhook HTTP/1.1\r\nHost: a\r\nAuthorization: Basic \xff\xfe\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /webhook HTTP/1.1\r\nHost: a\r\nContent-Type: \xff;charset=\x80\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /webhook HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /webhook HTTP/1.1\r\nHost: a\r\nExpect: nonsense\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /webhook HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
    b"POST /webhook HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    b"POST /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /%ff%00/../webhook?%zz HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
    b"POST http://[::1/webhook HTTP/1.1\r\nHost: [::1\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /api/v1/pause HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n"
    b"Content-Encoding: gzip\r\n\r\n\x1f\x8b1234567",
    b"POST /api/v1/pause HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /webhook HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    b"GET /api/v1/runs HTTP/1.1\r\nHost: [\r\n\r\n",
    b"GET /api/v1/runs HTTP/1.1\r\nHost: 127.0.0.1:x:y\r\nAuthorization: Bearer \xff\r\n\r\n",
    b"GET /api/v1/runs/%00?format=markdown HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/v1/runs?limit=%FF&status=%00&rule=%ed%a0%80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
)


async def test_mutated_bodies(tmp_path: Path) -> None:
    found = await fuzz(tmp_path, 2000, seed=1)
    assert found.wrong == []
    assert found.answers.total() == 2000
    assert found.answers[202] > 400  # they are nearly right, not just noise
    assert found.answers[400] > 400
    assert found.rss < RSS


async def test_the_largest_bodies_at_the_same_time(tmp_path: Path) -> None:
    found = Found()
    # Without the first: fifty thousand good alerts are work, not an attack.
    bodies = [body for body in huge(MAX_BODY)[1:] for _ in range(2)]
    async with a_daemon(tmp_path) as (pid, port):
        await send_all(port, iter(bodies), found, lanes=6)
        assert peak(pid) < RSS
    assert found.wrong == []
    assert found.answers.total() == len(bodies)
    assert found.answers[202] == 2  # a long annotation is no reason to refuse an alert
    assert found.answers[413] == 2


def test_the_largest_real_body_is_read() -> None:
    """The counts that bound memory are far from what Alertmanager sends."""
    alerts = json.loads((SEEDS / "firing-60.json").read_bytes())["alerts"]
    one = len(json.dumps(alerts)) // len(alerts)
    body = json.dumps({"alerts": alerts * (MAX_BODY // one // len(alerts))}).encode()
    assert MAX_BODY * 0.9 < len(body) <= MAX_BODY
    assert len(read_notification(body).alerts) > 20_000


async def test_broken_requests(tmp_path: Path) -> None:
    async def knock(port: int, *parts: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for part in parts:
                writer.write(part)
                await asyncio.sleep(0.05)
            async with asyncio.timeout(0.5):
                return await reader.read(200)
        except (TimeoutError, ConnectionError):
            return b""
        finally:
            writer.close()

    async with a_daemon(tmp_path) as (pid, port):
        whole = await asyncio.gather(*(knock(port, request) for request in BROKEN))
        halves = await asyncio.gather(*(knock(port, *cut_at_body(request)) for request in BROKEN))
        for request, answer in zip(BROKEN * 2, whole + halves, strict=True):
            assert answer[9:10] != b"5" or answer[9:12] == b"501", (request[:200], answer)
        assert (await knock(port, b"GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n")).startswith(b"HTTP/1.1 200")
        assert peak(pid) < RSS
    assert "remediator/" not in (tmp_path / "errors.log").read_text()  # no traceback leads through our code


def cut_at_body(request: bytes) -> tuple[bytes, bytes]:
    """Return what is sent first, and what follows when the handler already waits for it."""
    at = request.find(b"\r\n\r\n") + 4
    return request[:at], request[at:]
