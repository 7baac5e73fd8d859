"""Rows that somebody damaged: who asks for the run is told which it is, and that the store is damaged."""

import pytest
from fakes.small_site import RULES, alert, table_of
from msgspec.structs import replace

from remediator.actions.context import Clients
from remediator.core.alert import Notification
from remediator.engine.advance import Engine
from remediator.engine.limits import Slots
from remediator.engine.path import Path as AlertPath
from remediator.errors import ContradictionError
from remediator.interfaces.metrics import Metrics
from remediator.store import journal


class Noon:
    def now(self):
        return 1_700_000_000_000_000


@pytest.mark.parametrize("damage", ["status = 'odd'", "plan = '{'", "plan = '{}'", "mode = 'both'"])
@pytest.mark.parametrize("reading", [journal.load, journal.view])
async def test_it_is_named(store, tmp_path, damage, reading):
    engine = Engine(store, Noon(), Slots(1, 1), Metrics(), session=None, clients=Clients(), connections={})
    engine.site = replace(engine.site, table=table_of(RULES, tmp_path))
    path = AlertPath(store, engine, Noon(), Metrics(), backlog=10)
    engine.slots.take("another", ("http/x",))
    accepted = await path.receive(Notification("remediator", "{}", (alert("api"),), body=b"{}"))
    (run,) = accepted.runs
    await store.do(lambda tx: tx.run(f"UPDATE run SET {damage}"))
    with pytest.raises(ContradictionError, match=f"run {run} cannot be read: ") as refused:
        await store.read(lambda tx: reading(tx, run))
    assert not refused.value.passes
