"""Many alerts are stored, answered, and admitted afterwards; what is heard of them meanwhile waits for its turn."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from fakes.small_site import RULES, alert, table_of
from msgspec.structs import replace

from remediator.actions.context import Clients
from remediator.core.alert import Notification
from remediator.core.transitions import Mode
from remediator.engine.advance import Engine
from remediator.engine.clock import SystemClock
from remediator.engine.late import MOST_WAITING
from remediator.engine.limits import Slots
from remediator.engine.path import BacklogFullError, recover
from remediator.engine.path import Path as AlertPath
from remediator.errors import ContradictionError, StoreError
from remediator.interfaces.metrics import Metrics
from remediator.store.sqlite import SqliteStore, migrate

MANY = 300


class Rows(SqliteStore):
    """A store in memory that can refuse, and says how far it was when it was last asked."""

    def __init__(self) -> None:
        self.rows = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self.rows)
        super().__init__(Path(":memory:"), memory=self.rows)
        self.refuses = 0
        self.contradicts = 0
        self.open()

    def do(self, unit):
        if self.units > 1 and (self.refuses or self.contradicts):
            refused = asyncio.get_running_loop().create_future()
            if self.refuses:
                self.refuses -= 1
                refused.set_exception(StoreError("the disk is full"))
            else:
                self.contradicts -= 1
                refused.set_exception(ContradictionError("UNIQUE constraint failed"))
            return refused
        return super().do(unit)

    def one(self, sql, *values):
        return self.rows.execute(sql, values).fetchone()[0]


@pytest.fixture
async def store():
    store = Rows()
    yield store
    await store.close()
    store.rows.close()


def make_path(store, tmp_path, backlog=10_000):
    metrics, clock = Metrics(), SystemClock()
    engine = Engine(store, clock, Slots(8, 8), metrics, session=None, clients=Clients(), connections={})
    engine.site = replace(engine.site, table=table_of(RULES, tmp_path), max_mode=Mode.OBSERVE)
    return AlertPath(store, engine, clock, metrics, backlog=backlog)


def notification(*alerts):
    return Notification("remediator", "{}", tuple(alerts), body=b"{}")


def many(**how):
    return notification(*(alert(f"s{n}", **how) for n in range(MANY)))


async def admitted(path):
    while path._late:
        await asyncio.sleep(0)


async def test_the_answer_does_not_wait_for_them(store, tmp_path):
    path = make_path(store, tmp_path)
    accepted = await path.receive(many())
    assert store.one("SELECT alerts - admitted FROM admitting WHERE notification = ?", accepted.notification) > 0
    await admitted(path)
    assert store.one("SELECT count(*) FROM admitting") == 0
    assert store.one("SELECT count(*) FROM run") == MANY


async def test_what_resolves_meanwhile_is_resolved_afterwards(store, tmp_path):
    path = make_path(store, tmp_path)
    await path.receive(many())
    await path.receive(notification(alert(f"s{MANY - 1}", firing=False)))
    await admitted(path)
    assert store.one("SELECT count(*) FROM episode WHERE resolved_at IS NULL") == MANY - 1


async def test_what_is_heard_twice_is_one_trouble(store, tmp_path):
    path = make_path(store, tmp_path)
    await asyncio.gather(path.receive(many()), path.receive(many()), path.receive(notification(alert("s7"))))
    await admitted(path)
    assert store.one("SELECT count(*) FROM run") == MANY
    assert store.one("SELECT count(*) FROM episode") == MANY


async def test_another_alert_does_not_wait_for_them(store, tmp_path):
    path = make_path(store, tmp_path)
    await path.receive(many())
    accepted = await path.receive(notification(alert("other")))
    assert len(accepted.runs) == 1
    assert store.one("SELECT count(*) FROM run") < MANY


async def test_those_that_wait_count_for_the_backlog(store, tmp_path):
    path = make_path(store, tmp_path, backlog=MANY)
    await path.receive(many())
    with pytest.raises(BacklogFullError):
        await path.receive(notification(alert("other")))
    await path.receive(notification(alert("s1", firing=False)))


async def test_each_counts_once_also_while_they_are_admitted(store, tmp_path):
    path = make_path(store, tmp_path)
    await path.receive(many())
    counted = {path.open}
    while path.open > len(path._engine.queue):
        await asyncio.sleep(0)
        counted.add(path.open)
    assert max(counted) == MANY


async def test_a_store_that_refuses_is_asked_again(store, tmp_path):
    path = make_path(store, tmp_path)
    await path.receive(many())
    store.refuses = 1
    await admitted(path)
    assert store.one("SELECT count(*) FROM run") == MANY


async def test_one_that_contradicts_what_is_stored_does_not_hold_up_the_others(store, tmp_path):
    path = make_path(store, tmp_path)
    first, second = await path.receive(many()), await path.receive(many())
    store.contradicts = 1
    await admitted(path)
    assert store.one("SELECT count(*) FROM run") == MANY
    assert store.one("SELECT notification FROM admitting") == first.notification != second.notification


async def test_a_start_waits_for_a_store_that_refuses(store, tmp_path):
    path = make_path(store, tmp_path)
    await path.receive(many())
    path.stopping = True
    await path._admitting
    again = make_path(store, tmp_path)
    store.refuses = 1
    await recover(store, again, again._engine, lambda _: many())
    assert store.one("SELECT count(*) FROM run") == MANY
    assert store.one("SELECT count(*) FROM admitting") == 0


async def test_a_start_that_waits_can_be_ended(store, tmp_path):
    path = make_path(store, tmp_path)
    await path.receive(many())
    path.stopping = True
    await path._admitting
    again = make_path(store, tmp_path)
    store.refuses = 1_000
    looks = iter([False, True])
    async with asyncio.timeout(5):
        await recover(store, again, again._engine, lambda _: many(), lambda: next(looks))
    assert store.one("SELECT count(*) FROM admitting") == 1


async def test_a_process_that_is_about_to_end_leaves_the_rest(store, tmp_path):
    path = make_path(store, tmp_path)
    accepted = await path.receive(many())
    path.stopping = True
    await path._admitting
    left = store.one("SELECT alerts - admitted FROM admitting WHERE notification = ?", accepted.notification)
    assert left > 0
    again = make_path(store, tmp_path)
    await again.admit_rest(accepted.notification, many().alerts, MANY - left)
    assert store.one("SELECT count(*) FROM run") == MANY


async def test_one_that_hits_a_defect_keeps_no_daemon_from_starting(store, tmp_path):
    path = make_path(store, tmp_path)
    for _ in range(2):
        await path.receive(many())
    path.stopping = True
    await path._admitting
    bodies = iter([None, many()])  # the first one cannot be dealt with at all

    again = make_path(store, tmp_path)
    await recover(store, again, again._engine, lambda _: next(bodies))
    assert store.one("SELECT count(*) FROM run") == MANY


async def test_what_resolves_counts_for_no_backlog(store, tmp_path):
    path = make_path(store, tmp_path, backlog=MANY)
    await path.receive(many(firing=False))
    accepted = await path.receive(notification(alert("other")))
    assert len(accepted.runs) == 1


async def test_only_so_many_bytes_wait(store, tmp_path):
    path = make_path(store, tmp_path)
    large = replace(many(firing=False), body=bytes(MOST_WAITING // 2))
    await path.receive(large)
    await path.receive(large)
    with pytest.raises(BacklogFullError):
        await path.receive(large)
    with pytest.raises(BacklogFullError):  # one that has to wait for its turn behind them
        await path.receive(notification(alert("s1", firing=False)))
    assert store.one("SELECT count(*) FROM notification") == 2
    await path.receive(notification(alert("other")))
    await admitted(path)
    await path.receive(large)


async def test_a_large_body_is_written_once(store, tmp_path):
    path, said = make_path(store, tmp_path), []
    store.rows.set_trace_callback(said.append)
    await path.receive(many())
    await admitted(path)
    assert [one.split("(")[0] for one in said if "notification" in one.split("(")[0].split("WHERE")[0]] == [
        "INSERT INTO notification "
    ]
