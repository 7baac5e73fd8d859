"""What runs wait for comes later when the clock is set back: health, metric and log say so until it is right again."""

import pytest
from fakes.small_site import RULES, SECOND, alert, table_of
from msgspec.structs import replace

from remediator.actions.context import Clients
from remediator.core.alert import Notification
from remediator.engine.advance import Engine
from remediator.engine.limits import Slots
from remediator.engine.path import Path as AlertPath
from remediator.engine.set_back import SetBack
from remediator.interfaces.metrics import Metrics

NOON = 1_700_000_000 * SECOND


class Hand:
    """A clock that is set by hand."""

    def __init__(self):
        self.at = NOON

    def now(self):
        return self.at


@pytest.fixture
async def clock(store, tmp_path):
    """One run is open, and waits for a place."""
    clock = Hand()
    engine = Engine(store, clock, Slots(1, 1), Metrics(), session=None, clients=Clients(), connections={})
    engine.site = replace(engine.site, table=table_of(RULES, tmp_path))
    engine.slots.take("another", ("http/x",))
    path = AlertPath(store, engine, clock, Metrics(), backlog=10)
    await path.receive(Notification("remediator", "{}", (alert("api"),), body=b"{}"))
    return clock


async def test_while_it_is_behind(store, clock):
    set_back = SetBack()
    for ago, behind in ((0, 0), (5, 0), (3600, 3600), (60, 60), (4, 0), (-10, 0)):
        clock.at = NOON - ago * SECOND
        await set_back.look(store, clock.now())
        assert set_back.seconds == behind
        assert bool(set_back.detail) == bool(behind)
    clock.at = NOON - 3600 * SECOND
    await set_back.look(store, clock.now())
    assert set_back.detail == "it was set back; open runs wait 1h longer than they should"


async def test_nothing_waits(store, clock):
    await store.do(lambda tx: tx.run("UPDATE run SET finished_at = updated_at"))
    set_back = SetBack()
    await set_back.look(store, NOON - 3600 * SECOND)
    assert set_back.seconds == 0
