"""A failed migration: revision and history are shown, the upgrade runs as a Job when a person agrees."""

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
