import asyncio

import pytest
from pydantic import ValidationError

from remediator.actions import registry


async def test_the_hit_rate_since_the_start(site, admin):
    admin.set("k", 1)
    for key in ("k", "k", "k", "gone"):
        admin.get(key)
    assert (await site().perform("redis.check", hit_rate_above=0.7)).holds
    low = await site().perform("redis.check", hit_rate_above=0.75)
    assert not low.holds
    assert low.reason == "the hit rate is 75.0%, not above 75.0%"


async def test_the_hit_rate_over_a_time_forgets_what_was_before(site, admin):
    admin.set("k", 1)
    for _ in range(100):
        admin.get("gone")
    asked = asyncio.create_task(site().perform("redis.check", hit_rate_above=0.9, over="400ms"))
    await asyncio.sleep(0.15)
    admin.get("k")
    said = await asked
    assert (said.holds, said.hit_rate) == (True, 1.0)


async def test_no_lookups_are_no_good_rate(site):
    said = await site().perform("redis.check", hit_rate_above=0)
    assert (said.holds, said.hit_rate) == (False, None)


async def test_memory_and_clients(site, admin):
    none = await site().perform("redis.check", memory_share_below=0.9)
    assert (none.holds, none.reason) == (False, "there is no maxmemory to compare with")
    admin.config_set("maxmemory", "100mb")
    assert (await site().perform("redis.check", memory_share_below=0.9, clients_share_below=0.5)).holds
    assert not (await site().perform("redis.check", memory_share_below=0.9, clients_share_below=0.00001)).holds


async def test_a_replica_refuses_writes(site, admin):
    admin.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        said = await site().perform("redis.check", accepts_writes=True)
        refused = await site().perform("redis.check", accepts_writes=False)
        info = await site().perform("redis.info")
    finally:
        admin.execute_command("REPLICAOF", "NO", "ONE")
    assert (said.holds, said.accepts_writes) == (False, False)
    assert "read only" in said.reason
    assert refused.holds
    assert (info.role, info.master_link) == ("slave", "down")


@pytest.mark.parametrize("args", [{}, {"over": "5s"}, {"hit_rate_above": 1}, {"hit_rate_above": 0.5, "over": "2m"}, {"memory_share_below": float("inf")}])
def test_arguments_are_checked(args):
    with pytest.raises(ValidationError):
        registry.find("redis.check").parameters.model_validate(args)
