"""``systemd.restart``: restarts a unit that the site lists, once."""

from __future__ import annotations

import asyncio

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.systemd.connection import UnitParameters, backend, targets
from remediator.actions.systemd.units import Systemd, Unit, systemd_of
from remediator.core.action import Action, Intent, Outputs, Permission
from remediator.core.durations import Duration
from remediator.errors import ActionError, PermanentError

_POLL = 0.25  #: seconds between two looks at a job


class RestartParameters(UnitParameters):
    """Which unit."""

    wait: Duration = Field(30.0, le=600, description="How long to wait until its start is over; it goes on after that.")


class RestartOutputs(Outputs):
    """What became of it. Whether it helped is for ``verify`` to say."""

    active_state: str = Field(description="Its state when the waiting ended.")
    sub_state: str = Field(description="More exactly.")
    result: str = Field(description='Of a service: "success", or why it failed.')
    under_way: bool = Field(description="Whether its start had not ended by then.")
    started: bool = Field(description="Whether it was started anew, by its invocation id.")


async def perform(p: RestartParameters, context: Context) -> RestartOutputs:
    """Ask for the restart, then wait for its job. The request is the change; an error after it says nothing new."""
    async with systemd_of(p.connection, context) as systemd:
        before = await _look(systemd, p)
        await systemd.source.restart(p.unit)
        now = before
        try:
            async with asyncio.timeout(p.wait):
                now = await _settled(systemd, p.unit, now)
        except (TimeoutError, ActionError):
            return _outputs(now, before, under_way=True)
    return _outputs(now, before, under_way=False)


async def _settled(systemd: Systemd, name: str, unit: Unit) -> Unit:
    while True:
        await asyncio.sleep(_POLL)
        unit = await systemd.unit(name)
        if not unit.busy and unit.active_state not in {"activating", "deactivating", "reloading"}:
            return unit


def _outputs(now: Unit, before: Unit, *, under_way: bool) -> RestartOutputs:
    return RestartOutputs(
        active_state=now.active_state,
        sub_state=now.sub_state,
        result=now.result,
        under_way=under_way,
        started=now.invocation != before.invocation,
    )


async def resolve(p: RestartParameters, context: Context) -> Intent[RestartParameters]:
    """Record which start it is that we would end."""
    async with systemd_of(p.connection, context) as systemd:
        unit = await _look(systemd, p)
    return Intent(p, {"invocation": unit.invocation, "active_since": unit.active_since, "restarts": unit.restarts})


async def happened(intent: Intent[RestartParameters], context: Context) -> bool | None:
    """Whether it was started anew. None while a job is under way, and when systemd restarts it by itself."""
    before = intent.before
    async with systemd_of(intent.parameters.connection, context) as systemd:
        unit = await _look(systemd, intent.parameters)
    if unit.busy or unit.active_state in {"activating", "deactivating"}:
        return None
    if unit.invocation == before.get("invocation") and unit.active_since == before.get("active_since"):
        return False
    earlier = before.get("restarts")
    if unit.restarts is not None and isinstance(earlier, int) and unit.restarts > earlier:
        return None  # a restart by request sets the counter back; this one may be systemd's own
    return True


async def preview(p: RestartParameters, context: Context) -> str:
    """Say what would be restarted."""
    async with systemd_of(p.connection, context) as systemd:
        unit = await _look(systemd, p)
        return f"restart {p.unit} on {systemd.machine.place}; it is {unit.active_state} ({unit.sub_state})"


async def _look(systemd: Systemd, p: RestartParameters) -> Unit:
    """Return how it is. PermanentError when the site does not list it, or it cannot be started."""
    if p.unit not in systemd.connection.units:
        known = ", ".join(systemd.connection.units) or "none"
        raise PermanentError(f'connections.systemd.{p.connection} does not list unit "{p.unit}": {known}')
    unit = await systemd.unit(p.unit)
    if unit.load_state != "loaded":
        raise PermanentError(f"{p.unit} is {unit.load_state}; it cannot be started")
    return unit


ACTION: Action[RestartParameters, RestartOutputs] = Action(
    name="systemd.restart",
    summary="Restarts a systemd unit that the site lists.",
    parameters=RestartParameters,
    outputs=RestartOutputs,
    perform=perform,
    backend=backend,
    changes=True,
    idempotent=lambda _: False,
    targets=targets,
    resolve=resolve,
    happened=happened,
    preview=preview,
    permissions=lambda p: (
        Permission("org.freedesktop.systemd1.manage-units (polkit)", p.unit),
        Permission("run", f"systemctl --no-block --no-ask-password restart -- {p.unit} (over ssh)"),
    ),
)
