"""An alert whose first step was journalled with it: the step goes out before its sender is answered, never earlier."""

import asyncio

from fakes.small_site import RULES, alert, table_of
from msgspec.structs import replace

from remediator.actions.context import Clients
from remediator.core.alert import Notification
from remediator.core.guards import Envelope
from remediator.core.transitions import Mode
from remediator.engine.advance import Engine
from remediator.engine.clock import SystemClock
from remediator.engine.limits import Slots
from remediator.engine.path import Path as AlertPath
from remediator.errors import PermanentError
from remediator.interfaces.metrics import Metrics


async def test_it_has_gone_out(store, tmp_path):
    metrics, clock, went_out = Metrics(), SystemClock(), []

    async def perform(_parameters, context):
        went_out.append(context.run)
        went_out.append(await store.read(lambda tx: tx.all("SELECT run, outcome FROM step")))
        raise PermanentError("enough")

    def stand_in(_run, task):
        return replace(task, action=replace(task.action, perform=perform))

    engine = Engine(store, clock, Slots(1, 1), metrics, session=None, clients=Clients(), connections={}, stand_in=stand_in)
    engine.site = replace(
        engine.site, table=table_of(RULES, tmp_path), max_mode=Mode.AUTO, envelope=Envelope(targets=("host/**",))
    )
    path = AlertPath(store, engine, clock, metrics, backlog=10)
    accepted = await path.receive(Notification("remediator", "{}", (alert("api"),), body=b"{}"))
    assert went_out == list(accepted.runs)
    async with asyncio.timeout(10):
        while len(went_out) < 2:
            await asyncio.sleep(0.01)
    assert went_out[1] == [(accepted.runs[0], "intent")]  # its intent was on the disk by then
    await engine.stop(10)
