"""When the store refuses an admission nothing of it stays behind: no place for a step, no alert that others wait for."""

import pytest
from fakes.small_site import RULES, alert, table_of
from msgspec.structs import replace

from remediator.actions.context import Clients
from remediator.core.alert import Notification
from remediator.core.guards import Envelope
from remediator.core.transitions import Mode
from remediator.engine.admit import CHUNK
from remediator.engine.advance import Engine
from remediator.engine.clock import SystemClock
from remediator.engine.late import MOST_WAITING
from remediator.engine.limits import Slots
from remediator.engine.path import BacklogFullError
from remediator.engine.path import Path as AlertPath
from remediator.errors import PermanentError, StoreError
from remediator.interfaces.metrics import Metrics
from remediator.store.sqlite import SqliteStore

MANY = CHUNK + 1


class Disk:
    """A disk that is full for so many commits."""

    full = 0

    def __call__(self, stage):
        if stage == "before" and self.full:
            self.full -= 1
            raise OSError("no space left on device")


@pytest.fixture
def disk():
    return Disk()


@pytest.fixture
async def store(tmp_path, disk):
    store = SqliteStore(tmp_path / "store.db", disk)
    store.open()
    yield store
    await store.close()


class Here:
    """A path on this store, with places for ``places`` steps. ``asked``: the runs whose step went out."""

    def __init__(self, store, folder, places=1, backlog=1000):
        self.asked, metrics, clock = [], Metrics(), SystemClock()
        self.engine = Engine(
            store, clock, Slots(places, places), metrics, session=None, clients=Clients(), connections={}, stand_in=self._stand_in
        )
        self.engine.site = replace(
            self.engine.site, table=table_of(RULES, folder), max_mode=Mode.AUTO, envelope=Envelope(("host/**",))
        )
        self.path = AlertPath(store, self.engine, clock, metrics, backlog=backlog)

    def _stand_in(self, _run, task):
        return replace(task, action=replace(task.action, perform=self._perform))

    async def _perform(self, _parameters, context):
        self.asked.append(context.run)
        raise PermanentError("enough")

    async def receive(self, *services, body=b"{}"):
        return await self.path.receive(Notification("remediator", "{}", tuple(alert(each) for each in services), body=body))


def many():
    return [f"s{number}" for number in range(MANY)]


@pytest.mark.parametrize("services", [["a"], ["a", "b"]])
async def test_places_for_steps(store, disk, tmp_path, services):
    here = Here(store, tmp_path)
    disk.full = 1
    with pytest.raises(StoreError, match="no space left"):
        await here.receive(*services)
    assert (here.engine.slots.in_use, here.asked) == (0, [])
    accepted = await here.receive("a")
    assert here.asked == list(accepted.runs)
    await here.engine.stop(5)


async def test_alerts_that_others_would_wait_for(store, disk, tmp_path):
    here = Here(store, tmp_path, backlog=MANY)
    disk.full = 1
    with pytest.raises(StoreError, match="no space left"):
        await here.receive(*many())
    assert here.path.open == 0
    accepted = await here.receive("s7")
    assert len(accepted.runs) == 1  # at once, not behind those that are not there
    assert here.asked == list(accepted.runs)
    await here.engine.stop(5)


async def test_room_for_bodies_and_for_runs(store, disk, tmp_path):
    here = Here(store, tmp_path, backlog=MANY)
    disk.full = 3
    for _ in range(3):
        with pytest.raises(StoreError) as caught:
            await here.receive(*many(), body=bytes(MOST_WAITING))
        assert not isinstance(caught.value, BacklogFullError)
    here.path.stopping = True  # they are left for the next start
    await here.receive(*many())
    assert here.path.open == MANY
    assert await store.read(lambda tx: tx.one("SELECT count(*) FROM notification")) == (1,)
    await here.engine.stop(5)
