"""A server really out of memory refuses writes; a listed setting cures it; undo puts the setting back."""

import contextlib

import pytest
import valkey

from remediator.errors import PermanentError

SETTABLE = {
    "maxmemory": {"values": ["0", "10mb..1gb"], "ask": False},
    "maxmemory-policy": {"values": ["allkeys-lru", "noeviction"]},
}
CURE = {"parameter": "maxmemory-policy", "value": "allkeys-lru"}


@pytest.fixture
def full(admin):
    """The server at its maxmemory, without eviction."""
    admin.config_set("maxmemory", "10mb")
    with contextlib.suppress(valkey.exceptions.OutOfMemoryError):
        for index in range(100_000):
            admin.set(f"cache:{index}", "x" * 10_000)
        raise AssertionError("it never refused")
    # Buffers of clients count, too, and come and go: a little less keeps it full all the while.
    admin.config_set("maxmemory", admin.info("memory")["used_memory"] - 500_000)
    return admin


async def test_it_is_found_full(site, full):
    said = await site().perform("redis.check", accepts_writes=True, memory_share_below=0.9)
    assert not said.holds
    assert not said.accepts_writes
    assert "memory is at" in said.reason
    assert "used memory" in said.refusal
    assert (await site().perform("redis.info")).used_share >= 0.9


async def test_a_policy_that_evicts_lets_it_write_again(site, full):
    made = site(settable=SETTABLE)
    intent = await made.resolve("redis.config_set", **CURE)
    assert intent.before == {"value": "noeviction"}
    assert "evicted at once" in await made.preview("redis.config_set", **CURE)
    done = await made.perform("redis.config_set", **CURE)
    assert (done.value, done.before, done.changed) == ("allkeys-lru", "noeviction", True)
    assert (await made.perform("redis.check", accepts_writes=True)).holds
    assert full.set("cache:new", "x" * 10_000)


async def test_more_memory_lets_it_write_again(site, full):
    made = site(settable=SETTABLE)
    await made.perform("redis.config_set", parameter="maxmemory", value="64mb")
    assert (await made.perform("redis.check", accepts_writes=True, memory_share_below=0.5)).holds
    again = await made.perform("redis.config_set", parameter="maxmemory", value="64MB")
    assert (again.changed, again.before) == (False, str(64 * 1024 * 1024))


async def test_a_write_is_asked_for_without_writing(site, admin):
    assert (await site().perform("redis.check", accepts_writes=True)).holds
    admin.set("remediator:write-probe", "mine")
    assert (await site().perform("redis.check", accepts_writes=True)).holds
    assert admin.keys() == [b"remediator:write-probe"]
    assert admin.get("remediator:write-probe") == b"mine"


async def test_undo_puts_the_earlier_value_back(site, full):
    made = site(settable=SETTABLE)
    intent = await made.resolve("redis.config_set", **CURE)
    await made.perform("redis.config_set", **CURE)
    assert await made.happened("redis.config_set", intent) is True
    undone = await made.undo("redis.config_set", intent)
    assert (undone.value, undone.changed) == ("noeviction", True)
    assert full.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert await made.happened("redis.config_set", intent) is False


async def test_undo_leaves_what_somebody_else_set(site, admin):
    made = site(settable=SETTABLE)
    intent = await made.resolve("redis.config_set", **CURE)
    await made.perform("redis.config_set", **CURE)
    admin.config_set("maxmemory-policy", "volatile-ttl")
    with pytest.raises(PermanentError, match="somebody changed it"):
        await made.undo("redis.config_set", intent)
    assert await made.happened("redis.config_set", intent) is None
    assert admin.config_get("maxmemory-policy") == {"maxmemory-policy": "volatile-ttl"}


async def test_undo_where_it_is_already_so_does_nothing(site, admin):
    made = site(settable=SETTABLE)
    intent = await made.resolve("redis.config_set", **CURE)
    assert not (await made.undo("redis.config_set", intent)).changed


async def test_a_person_decides_where_data_may_go_or_the_site_says_so(site, admin):
    made = site(settable={**SETTABLE, "slowlog-max-len": {"values": ["10..1000"]}})
    admin.set("big", "x" * 20_000_000)
    assert "any key" in await made.caution("redis.config_set", **CURE)
    assert "writes are then refused" in await made.caution("redis.config_set", parameter="maxmemory", value="11mb")
    assert "the site wants" in await made.caution("redis.config_set", parameter="slowlog-max-len", value="64")
    assert await made.caution("redis.config_set", parameter="maxmemory", value="512mb") == ""
    assert await made.caution("redis.config_set", parameter="maxmemory-policy", value="noeviction") == ""
