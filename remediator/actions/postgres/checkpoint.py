"""``postgres.checkpoint``: write everything out, so that WAL which nothing holds back can be removed.

A switch to the next WAL file lets the archiver have the present one. Neither removes what a slot or a
failing archiver holds back: ``postgres.sizes`` says what does.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.parameters import MONITOR, PostgresParameters, backend, targets
from remediator.actions.postgres.session import changing, reading
from remediator.actions.postgres.sizes import wal_bytes
from remediator.core.action import Action, Outputs, Permission
from remediator.core.durations import Duration
from remediator.errors import PermanentError

_STATE = "SELECT pg_is_in_recovery() AS standby, (pg_control_checkpoint()).checkpoint_lsn::text AS lsn"


class CheckpointParameters(PostgresParameters):
    """Which server, and whether to switch."""

    switch_wal: bool = Field(True, description="Whether to switch to the next WAL file first; not on a replica.")
    within: Annotated[Duration, Field(gt=0)] = Field(
        300.0, description="Limit of the work; the step's own timeout counts, too, and should be longer."
    )


class CheckpointOutputs(Outputs):
    """What became of it."""

    wal_bytes_before: int = Field(description="Bytes of WAL that were kept before.")
    wal_bytes: int = Field(description="Bytes now; files that are kept for reuse count.")
    checkpoint: str = Field(description="Where in the WAL the last checkpoint is (LSN).")


async def perform(p: CheckpointParameters, context: Context) -> CheckpointOutputs:
    """Do it; a second time finds little to do."""
    async with changing(context, p.connection, within=p.within) as session:
        state = await session.row(_STATE)
        if state["standby"] and p.switch_wal:
            raise PermanentError(f"{session.place} is a replica: it cannot switch WAL files (switch_wal: false)")
        before = await wal_bytes(session)
        if p.switch_wal:
            await session.run("SELECT pg_switch_wal()")
        await session.run("CHECKPOINT")
        after, state = await wal_bytes(session), await session.row(_STATE)
    return CheckpointOutputs(wal_bytes_before=before, wal_bytes=after, checkpoint=state["lsn"])


async def preview(p: CheckpointParameters, context: Context) -> str:
    """Say how much WAL there is."""
    async with reading(context, p.connection) as session:
        found, state = await wal_bytes(session), await session.row(_STATE)
    switch = "switch to the next WAL file, then " if p.switch_wal else ""
    return f"{switch}CHECKPOINT; {found:,} bytes of WAL are kept, the last checkpoint is at {state['lsn']}"


def _rights(p: CheckpointParameters) -> tuple[Permission, ...]:
    needed = (Permission("member of", "pg_checkpoint"), MONITOR)
    return (*needed, Permission("EXECUTE", "on pg_switch_wal()")) if p.switch_wal else needed


ACTION = Action(
    name="postgres.checkpoint",
    summary="Switches to the next WAL file and makes a checkpoint, so that WAL nobody needs can be removed.",
    parameters=CheckpointParameters,
    outputs=CheckpointOutputs,
    perform=perform,
    backend=backend,
    changes=True,
    targets=targets,
    preview=preview,
    permissions=_rights,
)
