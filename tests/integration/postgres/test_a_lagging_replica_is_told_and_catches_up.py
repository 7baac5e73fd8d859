import time

import pytest


@pytest.fixture(scope="module")
def replica(server):
    return server.replica()


async def test_in_bytes_at_the_primary_and_in_seconds_at_the_replica(server, replica, connect, perform, table, admin, until):
    primary, itself = connect(), connect(to=replica)
    with replica.admin() as there:
        until(lambda: admin.execute("SELECT state = 'streaming' FROM pg_stat_replication").fetchone() == (True,))
        table("written", "id int")
        until(lambda: there.execute("SELECT pg_last_xact_replay_timestamp()").fetchone()[0])
        there.execute("SELECT pg_wal_replay_pause()")
        until(lambda: there.execute("SELECT pg_get_wal_replay_pause_state()").fetchone()[0] == "paused")
        admin.execute("INSERT INTO written SELECT generate_series(1, 5000)")
        until(lambda: there.execute("SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()").fetchone()[0])

        said = await perform("replication_lag", primary)
        assert (said.role, said.count, said.worst) == ("primary", 1, "walreceiver")
        assert said.worst_bytes > 100_000
        assert said.replicas[0].state == "streaming"
        assert not (await perform("check", primary, metric="lag_bytes", below=50_000)).holds
        behind = await perform("replication_lag", itself)
        assert (behind.role, behind.replicas[0].paused) == ("replica", True)
        assert behind.worst_bytes > 0
        assert behind.worst_seconds > 0
        assert not (await perform("check", itself, metric="lag_seconds", equals=0)).holds

        there.execute("SELECT pg_wal_replay_resume()")
        while (await perform("replication_lag", itself)).worst_seconds != 0:
            time.sleep(0.05)
        assert (await perform("check", itself, metric="lag_seconds", below=5)).holds
        # The replica tells the primary once a second.
        until(lambda: admin.execute("SELECT pg_current_wal_lsn() - replay_lsn < 50000 FROM pg_stat_replication").fetchone()[0])
        assert (await perform("check", primary, metric="lag_bytes", below=50_000)).holds
        assert (await perform("ping", itself)).standby


async def test_a_replica_that_is_gone_is_not_one_without_lag(server, replica, connect, perform, until, admin):
    replica.stop()
    until(lambda: admin.execute("SELECT count(*) = 0 FROM pg_stat_replication").fetchone()[0])
    said = await perform("replication_lag", connect())
    assert (said.count, said.worst_bytes, said.worst_seconds) == (0, None, None)
    for metric in ("lag_bytes", "lag_seconds"):
        check = await perform("check", connect(), metric=metric, below=1e12)
        assert (check.holds, check.value) == (False, None)
    assert not (await perform("check", connect(), metric="replicas", at_least=1)).holds
