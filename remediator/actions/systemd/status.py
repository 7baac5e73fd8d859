"""``systemd.status``: how a unit is, and whether it has been active for long enough."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.systemd.connection import UnitParameters, backend
from remediator.actions.systemd.units import Unit, systemd_of
from remediator.core.action import Action, CheckOutputs, Permission
from remediator.core.durations import SECOND, Duration, show_duration


class StatusParameters(UnitParameters):
    """Which unit, and for how long it should have been active."""

    active_for: Duration | None = Field(
        None, gt=0, description="It must have been active without a break for at least this long."
    )


class StatusOutputs(CheckOutputs):
    """How it is."""

    holds: bool = Field(description="Whether it is active, for long enough if that was asked for.")
    reason: str = Field("", description="Why, in a sentence.")
    active_state: str = Field(
        "", description='"active", "inactive", "failed", "activating", "deactivating", "reloading".'
    )
    sub_state: str = Field("", description='More exactly, by the kind of unit: "running", "exited", "auto-restart".')
    load_state: str = Field("", description='"loaded", "masked", "error".')
    description: str = Field("", description="The unit's description.")
    result: str = Field(
        "", description='Of a service: "success", or why it failed: "exit-code", "oom-kill", "timeout".'
    )
    main_pid: int | None = Field(None, description="Its main process; none without one.")
    exit_status: int | None = Field(None, description="Exit status, or signal, of its last main process.")
    restarts: int | None = Field(None, description="How often systemd has restarted it by itself since it was started.")
    memory_bytes: int | None = Field(None, description="Memory of its control group; none where that is not counted.")
    active_seconds: float | None = Field(None, description="For how long it has been active; none when it is not.")
    since: str = Field("", description="Since when, in UTC (ISO 8601); empty when it is not.")


async def perform(p: StatusParameters, context: Context) -> StatusOutputs:
    """Ask once."""
    async with systemd_of(p.connection, context) as systemd:
        unit = await systemd.unit(p.unit)
        age = await systemd.active_for(unit)
    wrong = _wrong(p, unit, age)
    since = datetime.fromtimestamp(context.now / SECOND - age, tz=UTC) if age is not None else None
    return StatusOutputs(
        holds=not wrong,
        reason=wrong or f"{p.unit} is active" + (f" for {show_duration(age)}" if age is not None else ""),
        active_state=unit.active_state,
        sub_state=unit.sub_state,
        load_state=unit.load_state,
        description=unit.description,
        result=unit.result,
        main_pid=unit.main_pid,
        exit_status=unit.exit_status,
        restarts=unit.restarts,
        memory_bytes=unit.memory,
        active_seconds=age,
        since=since.isoformat(timespec="seconds") if since else "",
    )


def _wrong(p: StatusParameters, unit: Unit, age: float | None) -> str:
    if unit.active_state != "active":
        why = f", {unit.result}" if unit.result not in {"", "success"} else ""
        return f"{p.unit} is {unit.active_state or unit.load_state} ({unit.sub_state}{why})"
    if p.active_for is not None and (age is None or age < p.active_for):
        long = f"only for {show_duration(age)}" if age is not None else "since a time that is not known"
        return f"{p.unit} is active {long}, not for {show_duration(p.active_for)}"
    return ""


ACTION: Action[StatusParameters, StatusOutputs] = Action(
    name="systemd.status",
    summary="Tells how a systemd unit is, and whether it has been active for long enough.",
    parameters=StatusParameters,
    outputs=StatusOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: (
        Permission("run", "systemctl show (over ssh)"),
        Permission("call", "LoadUnit, GetAll (D-Bus)"),
    ),
)
