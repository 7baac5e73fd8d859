"""A real PostgreSQL without a free connection: idle sessions are ended at once, idle transactions when a person agrees."""

import asyncio

import psycopg
import pytest

ROWS = ("Z2-3",)
BACKENDS = {"postgres": "real", "kubernetes": "fake"}


async def test_idle_sessions_are_ended(z2):
    leaked = z2.postgres.exhaust("leaky")
    with pytest.raises(psycopg.OperationalError, match="connection slots"):
        z2.postgres.clients(1)
    await asyncio.sleep(1.1)  # they are idle
    async with z2.up(idle_seconds=1) as daemon:
        run = await daemon.alert(alertname="Z2PoolExhausted", **z2.alert)
        await daemon.ends(run, "succeeded")
        said = await daemon.report(run)
    assert z2.postgres.one("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'leaky'") == 0
    assert len(z2.postgres.clients(3)) == 3
    assert "leaky" in said  # who held them
    assert f"{len(leaked)}" in said
    assert z2.writes() == []


async def test_sessions_in_use_are_left_alone(z2):
    busy = z2.postgres.exhaust("busy")
    async with z2.up(idle_seconds=3600) as daemon:
        run = await daemon.alert(alertname="Z2PoolExhausted", **z2.alert)
        await daemon.ends(run, "escalated")  # two pods with 50 connections each are more than the server has
    assert z2.postgres.one("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'busy'") == len(busy)
    assert z2.writes() == []


async def test_idle_transactions_are_ended_when_a_person_agrees(z2):
    for client in z2.postgres.exhaust("forgetful"):
        client.execute("BEGIN")
        client.execute("SELECT 1")
    await asyncio.sleep(1.1)  # they are idle
    async with z2.up(idle_seconds=1) as daemon:
        run = await daemon.alert(alertname="Z2PoolExhausted", **z2.alert)
        asked = await daemon.approve(run)
        assert "what they have not committed is lost" in asked["reason"]
        await daemon.ends(run, "succeeded")
    assert z2.postgres.one("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'forgetful'") == 0


async def test_a_larger_pool_is_asked_for_where_the_server_has_room(z2):
    z2.postgres.exhaust("busy")
    async with z2.up(idle_seconds=3600, pool_size=4, max_overflow=4) as daemon:
        run = await daemon.alert(alertname="Z2PoolExhausted", **z2.alert)
        asked = await daemon.reaches(run, "awaiting_approval")
        assert "pods restart" in asked["reason"]
        z2.postgres.sessions.close()  # the old pods' connections end with them
        await daemon.approve(run)
        await daemon.ends(run, "recovered_itself")  # looked at again after the approval: nothing is left to do
    assert z2.writes() == []
