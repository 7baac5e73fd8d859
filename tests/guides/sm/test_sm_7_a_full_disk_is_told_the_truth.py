"""The database's disk is full: WAL that nobody needs goes; rows that are deleted give the disk nothing back."""

import pytest

ROWS = ("SM-7",)
BACKENDS = {"postgres": "real", "host": "fake", "ssh": "real", "prometheus": "fake"}
OLD = "at < now() - %(older_than)s::interval"
LISTED = {
    "statements": {
        "old-audit-rows": {"sql": f"SELECT count(*) FROM public.audit WHERE {OLD}"},
        "old-audit": {
            "sql": f"DELETE FROM public.audit WHERE id IN (SELECT id FROM public.audit WHERE {OLD} ORDER BY id LIMIT %(batch)s)",
            "count": f"SELECT count(*) FROM public.audit WHERE {OLD}",
            "deletes": True,
        },
        "bloat-share": {
            # A row of it has 48 bytes: what is beyond that is empty.
            "sql": "SELECT 1 - 48.0 * (SELECT count(*) FROM public.audit) / pg_relation_size(%(table)s::regclass)"
        },
    },
}  # fmt: skip


@pytest.fixture
def audit(postgres):
    """Old rows, young ones, and the WAL that they made."""
    postgres.admin.execute("INSERT INTO public.audit (at) SELECT now() - '100 days'::interval FROM generate_series(1, 2500)")
    postgres.admin.execute("INSERT INTO public.audit (at) SELECT now() FROM generate_series(1, 40)")


@pytest.fixture
def much_wal(postgres):
    """A dozen files of WAL that nobody needs any more, and no checkpoint of the server's own meanwhile."""

    def settings(*changes):
        for change in changes:
            postgres.admin.execute(f"ALTER SYSTEM {change}")
        postgres.admin.execute("SELECT pg_reload_conf()")
        postgres.admin.execute("SELECT pg_sleep(0.1)")

    postgres.admin.execute("CHECKPOINT")
    settings("SET max_wal_size = '1GB'", "SET checkpoint_timeout = '1d'")
    for _ in range(12):
        postgres.admin.execute("INSERT INTO public.audit DEFAULT VALUES")
        postgres.admin.execute("SELECT pg_switch_wal()")
    settings("RESET max_wal_size")
    yield
    settings("RESET checkpoint_timeout")


def wal_files(postgres):
    return postgres.one("SELECT count(*) FROM pg_ls_waldir()")


async def test_wal_is_let_go(sm, alert, postgres, audit, much_wal):
    before = wal_files(postgres)
    sm.machine.sshd.program("df", _df_by_wal(postgres, before))
    connections = {"postgres": {"sergas": postgres.connection(**LISTED)}}
    async with sm.running(connections, params={"much_wal": 1}) as daemon:
        run = await daemon.alert(alertname="SergasDatabaseDiskFull", **alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert wal_files(postgres) < before


def _df_by_wal(postgres, before):
    """Return a stand-in that takes the disk for full as long as there are as many files of WAL as before."""
    place = postgres.server.data / "pg_wal"
    return f"""
echo Type 1B-blocks Used Avail Inodes IFree Mounted
if [ `ls {place} | grep -c '^0000'` -ge {before} ]; then used=90 free=10; else used=50 free=50; fi
echo ext4 100000000000 ${{used}}000000000 ${{free}}000000000 1000000 900000 /var/lib/postgresql
"""


async def test_deleted_rows_do_not_make_room_and_it_says_so(sm, alert, postgres, audit):
    sm.machine.disk(0.9)
    connections = {"postgres": {"sergas": postgres.connection(**LISTED)}}
    async with sm.running(connections) as daemon:
        run = await daemon.alert(alertname="SergasDatabaseDiskFull", **alert)
        await daemon.approve(run)
        await daemon.ends(run, "escalated")
        report = await daemon.report(run)
    assert postgres.one("SELECT count(*) FROM public.audit") == 40
    assert "90.0% full" in report
    assert "does not give the disk back" in report


@pytest.fixture
def bloated(postgres):
    """A table of which a tenth is left."""
    postgres.admin.execute("INSERT INTO public.audit (at) SELECT now() FROM generate_series(1, 60000)")
    postgres.admin.execute("DELETE FROM public.audit WHERE id % 10 <> 0")
    postgres.admin.execute("ANALYZE public.audit")
    postgres.admin.execute("GRANT MAINTAIN ON public.audit TO remediator")


def rebuilding(postgres, prometheus):
    return {
        "postgres": {"sergas": postgres.connection(rebuild_tables=["public.audit"], **LISTED)},
        "prometheus": {"default": prometheus.connection()},
    }


async def test_a_bloated_table_is_rebuilt(sm, alert, postgres, prometheus, bloated):
    before = postgres.one("SELECT pg_relation_size('public.audit')")
    prometheus.values["node_filesystem_avail_bytes"] = 1e9
    async with sm.running(rebuilding(postgres, prometheus), edit=_at_any_time) as daemon:
        run = await daemon.alert(alertname="SergasTableBloated", schemaname="public", relname="audit", **alert)
        asked = await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert "ACCESS EXCLUSIVE" in str(asked)
    assert postgres.one("SELECT pg_relation_size('public.audit')") < before / 2


async def test_it_is_not_where_its_copy_does_not_fit(sm, alert, postgres, prometheus, bloated):
    before = postgres.one("SELECT pg_relation_size('public.audit')")
    prometheus.values["node_filesystem_avail_bytes"] = 1
    async with sm.running(rebuilding(postgres, prometheus), edit=_at_any_time) as daemon:
        run = await daemon.alert(alertname="SergasTableBloated", schemaname="public", relname="audit", **alert)
        await daemon.ends(run, "escalated")
    assert postgres.one("SELECT pg_relation_size('public.audit')") == before


def _at_any_time(document):
    for rule in document["rules"]:
        rule.pop("active_time_intervals", None)
