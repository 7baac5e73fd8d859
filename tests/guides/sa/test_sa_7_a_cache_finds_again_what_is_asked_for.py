"""A real cache with too few hits, too little memory, or a key that is so big that all others wait for it."""

import contextlib
import threading
import time

import pytest
import valkey

ROWS = ("SA-7",)
BACKENDS = {"redis": "real", "command": "real", "kubernetes": "fake"}
LOW = {"alertname": "SergasAgentsCacheHitRateLow", "platform": "sergas-agents"}
MAY = {"settable": {"maxmemory-policy": {"values": ["noeviction", "allkeys-lru"]}}, "key_patterns": ["cache:*"]}
WINDOW = {"window": "500ms"}


@pytest.fixture
def reading(redis):
    """Let clients ask for the same twenty keys all the time, whether they are there or not; and first for ``more``."""
    over = threading.Event()

    def read(more):
        with contextlib.closing(valkey.Valkey(host=redis.server.host, port=redis.server.port)) as client:
            while not over.is_set():
                # In one go: the server does all of it before it looks at anybody else.
                with client.pipeline(transaction=False) as together:
                    more(together)
                    for number in range(20):
                        together.get(f"user:{number}")
                    together.execute(raise_on_error=False)
                time.sleep(0.002)

    with contextlib.ExitStack() as stack:

        def begin(more=lambda _client: None):
            thread = threading.Thread(target=read, args=(more,))
            thread.start()
            stack.callback(thread.join)

        yield begin
        over.set()


async def test_few_hits_because_keys_live_too_short(agents, reading):
    reading()
    async with agents.daemon(params=WINDOW) as daemon:
        run = await daemon.alert(**LOW)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert 3500 < agents.redis.admin.ttl("user:7") <= 3600
    assert "hit_rate=0" in report
    assert agents.writes() == []


async def test_memory_is_full_and_it_evicts_once_somebody_agrees(agents, reading):
    agents.redis.fill("cache:")

    def write(client):
        for number in range(20):
            client.set(f"user:{number}", "x")

    reading(write)
    async with agents.daemon(redis=MAY, params=WINDOW) as daemon:
        run = await daemon.alert(**LOW)
        asked = await daemon.approve(run)
        assert "let it evict what is used least" in asked["reason"]
        assert agents.redis.admin.exists("user:1") == 0
        await daemon.ends(run, "succeeded")
    assert agents.redis.admin.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}
    assert agents.redis.admin.exists("user:1") == 1


async def test_a_big_key_that_everybody_waits_for_goes_once_somebody_agrees(agents, reading):
    agents.redis.admin.rpush("cache:all", *(f"account-{number:012}" for number in range(50_000)))
    agents.redis.admin.set("session:1", "x" * 2_000_000)  # as big, and not for us to delete
    for number in range(20):
        agents.redis.admin.set(f"user:{number}", "x")
    for _ in range(2):  # while one waits for its answer the other one keeps the server busy
        reading(lambda client: [client.sort("cache:all", alpha=True, start=0, num=1) for _ in range(3)])
    params = WINDOW | {"big_key_bytes": 1_000_000, "latency_below": "40ms"}
    async with agents.daemon(redis=MAY, params=params) as daemon:
        run = await daemon.alert(alertname="SergasAgentsCacheSlow", platform="sergas-agents")
        asked = await daemon.approve(run)
        assert "delete the big keys" in asked["reason"]
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert agents.redis.admin.exists("cache:all") == 0
    assert agents.redis.admin.exists("session:1") == 1
    assert "cache:all" in report
