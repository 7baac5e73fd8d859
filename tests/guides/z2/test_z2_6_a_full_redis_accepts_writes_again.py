"""A real Valkey at its maxmemory: what is stored is shown by prefix, and it evicts when a person agrees."""

import pytest
import valkey

ROWS = ("Z2-6",)
BACKENDS = {"redis": "real", "kubernetes": "fake"}
SETTABLE = {"maxmemory-policy": {"values": ["allkeys-lru", "noeviction"]}, "maxmemory": {"values": ["1mb..1gb"]}}


@pytest.fixture
def full(z2, redis):
    redis.fill("session:")
    z2.connections["redis"]["z2"] = redis.connection(settable=SETTABLE)
    with pytest.raises(valkey.exceptions.OutOfMemoryError):
        redis.admin.set("more", "x" * 600_000)
    return redis


async def test_it_evicts(z2, full):
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2RedisOutOfMemory", **z2.alert)
        asked = await daemon.approve(run)
        assert "queues and sessions too" in asked["reason"]
        await daemon.ends(run, "succeeded")
        said = await daemon.report(run)
    assert full.admin.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}
    assert full.admin.set("more", "x" * 10_000)
    assert "session:" in said  # what may be lost
    assert z2.writes() == []


async def test_one_that_evicts_already_gets_more_memory(z2, full):
    full.admin.config_set("maxmemory-policy", "volatile-lru")
    async with z2.up(maxmemory="64mb") as daemon:
        run = await daemon.alert(alertname="Z2RedisOutOfMemory", **z2.alert)
        asked = await daemon.approve(run)
        assert "pods restart" in asked["reason"]
        await daemon.ends(run, "succeeded")
    assert z2.container("redis")["resources"]["limits"]["memory"] == "1Gi"
    assert full.admin.config_get("maxmemory") == {"maxmemory": str(64 * 1024 * 1024)}
