import asyncio
import contextlib
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.small_server import closed_port

from remediator.errors import AmbiguousError, PermanentError, TemporaryError


async def test_it_answers(site):
    said = await site().perform("redis.ping", latency_below="1s")
    assert said.holds
    assert said.latency_ms > 0
    assert not (await site().perform("redis.ping", latency_below="0ms")).holds


async def test_nobody_there(nowhere):
    made = nowhere.at("127.0.0.1", await closed_port())
    said = await made.perform("redis.ping")
    assert not said.holds
    assert "no connection to 127.0.0.1:" in said.reason
    assert not (await made.perform("redis.check", accepts_writes=True)).holds
    with pytest.raises(TemporaryError) as raised:
        await made.perform("redis.info")
    assert raised.value.transport


async def test_a_wrong_password_is_told_and_never_shown(site, admin, tmp_path):
    admin.acl_setuser("somebody", enabled=True, reset=True, passwords=["+right-password"], commands=["+@all"], keys=["*"])
    secret = tmp_path / "password"
    secret.write_text("wrong-password\n")
    made = site(username="somebody", password_file=str(secret))
    said = await made.perform("redis.ping")
    assert not said.holds
    assert "refuses" in said.reason
    assert "wrong-password" not in said.reason
    with pytest.raises(PermanentError):
        await made.perform("redis.info")
    secret.write_text("right-password")  # a rotated secret counts at once
    assert (await made.perform("redis.ping")).holds


async def test_a_file_that_is_missing_is_our_error(site):
    with pytest.raises(PermanentError, match="cannot read the secret"):
        await site(password_file="/nonexistent").perform("redis.ping")


async def test_a_connection_that_is_not_configured(nowhere):
    with pytest.raises(PermanentError, match='no redis connection "default"'):
        await nowhere.perform("redis.ping")


@contextlib.asynccontextmanager
async def answering(*answers, hang=False):
    """A server that answers each command with the next of these bytes, then closes (or hangs)."""
    let_go, seen = asyncio.Event(), []

    async def handle(reader, writer):
        with contextlib.suppress(ConnectionError):
            for answer in answers:
                seen.append(await reader.read(65_536))
                writer.write(answer)
                await writer.drain()
            if hang:
                await let_go.wait()
            else:
                await reader.read(65_536)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], seen
    finally:
        let_go.set()
        server.close()
        await server.wait_closed()


HOSTILE = [
    b"", b"\r\n", b"$9999999999\r\n", b"$-7\r\n", b"*2000000000\r\n" + b":1\r\n" * 3_000_000, b"*1\r\n" * 50_000, b"+OK\r\n", b":5\r\n",
    b"*-1\r\n", b"$-1\r\n", b"$x\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"*2\r\n$1\r\n0\r\n*1\r\n*1\r\n:1\r\n", b"-ERR \xff\x00\x1b[31m no\r\n",
    b"$11\r\nused_memory\r\n", b"$60\r\n# Memory\r\nused_memory:nan\r\nmaxmemory:-\r\ndb0:keys=\xff,expires\r\n\r\n\r\n",
]  # fmt: skip


@pytest.mark.parametrize("name", ["ping", "info", "keys", "slowlog", "latency", "big_keys", "check"])
@pytest.mark.parametrize("answer", HOSTILE, ids=range(len(HOSTILE)))
async def test_a_strange_answer_never_crashes(nowhere, name, answer):
    args = {"accepts_writes": True} if name == "check" else {"within": "1s"} if name in {"keys", "big_keys"} else {}
    async with answering(*[answer] * 50) as (port, _):
        made = nowhere.at("127.0.0.1", port, timeout="500ms")
        with contextlib.suppress(TemporaryError, PermanentError):
            said = await made.perform(f"redis.{name}", **args)
            assert "\x1b" not in said.model_dump_json()


PAIR = b"*2\r\n$16\r\nmaxmemory-policy\r\n$10\r\nnoeviction\r\n"


async def test_a_lost_answer_to_a_change_is_ambiguous(nowhere):
    listed = {"maxmemory-policy": {"values": ["allkeys-lru"]}}
    for hang in (False, True):
        async with answering(PAIR, hang=hang) as (port, _):
            made = nowhere.at("127.0.0.1", port, timeout="300ms", settable=listed)
            with pytest.raises(AmbiguousError) as raised:
                await made.perform("redis.config_set", parameter="maxmemory-policy", value="allkeys-lru")
            assert raised.value.transport


async def test_a_change_is_sent_once(nowhere):
    async with answering(PAIR, b"", hang=True) as (port, seen):
        made = nowhere.at("127.0.0.1", port, timeout="300ms", settable={"maxmemory-policy": {"values": ["allkeys-lru"]}})
        with pytest.raises(AmbiguousError):
            await made.perform("redis.config_set", parameter="maxmemory-policy", value="allkeys-lru")
        assert b"".join(seen).count(b"SET\r\n") == 1


async def test_a_refusal_in_the_middle_is_ambiguous(nowhere):
    async with answering(b"*2\r\n$1\r\n0\r\n*150\r\n" + b"".join(b"$5\r\nca%03d\r\n" % i for i in range(150)), b":100\r\n", b"-NOPERM no\r\n") as (port, _):
        made = nowhere.at("127.0.0.1", port, key_patterns=["ca*"])
        with pytest.raises(AmbiguousError, match="100 of 150"):
            await made.perform("redis.delete_keys", pattern="ca*")


async def test_too_many_clients_are_an_answer(nowhere, server, admin):
    admin.config_set("maxclients", 1)
    try:
        with pytest.raises(TemporaryError, match="max number of clients"):
            await nowhere.at(server.host, server.port).perform("redis.info")
    finally:
        admin.config_set("maxclients", 10_000)


async def test_what_passes_by_itself_is_temporary(nowhere):
    for said in (b"-LOADING Redis is loading the dataset in memory\r\n", b"-BUSY Redis is busy running a script\r\n", b"-MASTERDOWN Link with MASTER is down\r\n"):
        async with answering(said) as (port, _):
            with pytest.raises(TemporaryError) as raised:
                await nowhere.at("127.0.0.1", port).perform("redis.info")
            assert not raised.value.transport


def test_the_library_is_imported_late_and_its_absence_names_the_extra():
    script = (
        "import sys; sys.modules['redis'] = None\n"
        "from remediator.actions import registry\n"
        "registry.find('redis.ping')\n"
        "from remediator.actions.redis.library import library\n"
        "library()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(__file__).parents[3], check=False)
    assert 'PermanentError: redis actions need the extra "redis"' in done.stderr
