"""A failed migration: revision and history are shown, the upgrade runs as a Job when a person agrees.

One revision down is asked for by a person, by an alert of its own."""

import asyncio

from fakes.kubernetes_changes import cron_job

ROWS = ("Z2-4",)
BACKENDS = {"kubernetes": "fake", "postgres": "real"}


def migrated(z2):
    return any(name.startswith("z2-migrate-") for kind, _, name in z2.kubernetes.world.objects if kind == "jobs")


async def test_to_head(z2):
    for name in ("z2-migrate", "z2-migrate-down"):
        cron_job(z2.kubernetes.world, name, namespace="z2")
    z2.programs["at-head"] = lambda _argv: (0 if migrated(z2) else 1, "")
    z2.programs["alembic"] = lambda argv: (0, {"current": "3f2a (not head)\n", "history": "3f2a -> 9b1c (head)\n"}[argv[1]])
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2MigrationFailed", **z2.alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
        said = await daemon.report(run)
    assert z2.writes() == ["POST z2/jobs"]
    assert "9b1c (head)" in said


async def test_not_without_a_person(z2):
    cron_job(z2.kubernetes.world, "z2-migrate", namespace="z2")
    z2.programs["at-head"] = lambda _argv: (1, "")
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2MigrationFailed", **z2.alert)
        await daemon.refuse(run)
        await daemon.ends(run, "refused")
    assert z2.writes() == []


async def test_one_revision_down_when_a_person_asks_for_it(z2):
    cron_job(z2.kubernetes.world, "z2-migrate-down", namespace="z2")
    z2.programs["at"] = lambda argv: (0 if argv[1] == ("3f2a" if migrated(z2) else "9b1c") else 1, "")
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2MigrationDown", revision="3f2a", **z2.alert)
        asked = await daemon.approve(run)
        assert "one revision down" in asked["reason"]
        await daemon.ends(run, "succeeded")
    assert z2.writes() == ["POST z2/jobs"]


async def test_nothing_is_run_while_sessions_wait_for_others(z2):
    cron_job(z2.kubernetes.world, "z2-migrate", namespace="z2")
    z2.programs["at-head"] = lambda _argv: (1, "")
    first, second = z2.postgres.clients(2)
    first.execute("BEGIN")
    first.execute("LOCK TABLE public.orders")
    waiting = asyncio.create_task(asyncio.to_thread(second.execute, "SELECT count(*) FROM public.orders"))
    while not z2.postgres.one("SELECT count(*) FROM pg_locks WHERE NOT granted"):
        await asyncio.sleep(0.02)
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2MigrationFailed", **z2.alert)
        ended = await daemon.ends(run, "escalated")
    first.execute("ROLLBACK")
    await waiting
    assert "steps.blockers.blocked = 1" in ended["reason"]
    assert z2.writes() == []
