"""No "resolved" is sent for what is silenced just then; such an alert must not be a cause for ever, nor be kept."""

import pytest

from remediator.core.alert import Alert
from remediator.core.durations import SECOND
from remediator.core.limits import Inhibition
from remediator.engine.upkeep import UNHEARD, Kept, delete
from remediator.store import dependencies, inbox
from remediator.store.sqlite import SqliteStore

BEGAN = 1_700_000_000 * SECOND
DAY = 86400 * SECOND
MONTH = Kept(30 * 86400.0, 1000)
DOWN = Inhibition(source=('alertname="HostDown"',), equal=("instance",))


@pytest.fixture
async def store(tmp_path):
    store = SqliteStore(tmp_path / "store.db")
    store.open()
    alert = Alert("f1", True, {"alertname": "HostDown", "instance": "i1"}, {}, BEGAN, None)
    await store.do(lambda tx: inbox.start_episode(tx, "e1", alert, "n", None, 1, BEGAN))
    yield store
    await store.close()


async def is_cause(store):
    app = {"alertname": "AppDown", "instance": "i1"}
    return bool(await store.read(lambda tx: dependencies.causes(tx, (DOWN,), app)))


async def test_it_is_a_cause_while_it_may_still_fire(store):
    await delete(store, BEGAN + UNHEARD, MONTH)
    assert await is_cause(store)


async def test_it_is_none_afterwards_and_is_deleted_in_the_end(store):
    await delete(store, BEGAN + UNHEARD + 1, MONTH)
    assert not await is_cause(store)
    assert await store.read(lambda tx: tx.one("SELECT closed_at FROM episode")) == (BEGAN,)
    await delete(store, BEGAN + 31 * DAY, MONTH)
    assert await store.read(lambda tx: tx.one("SELECT count(*) FROM episode")) == (0,)
