"""``postgres.set_setting``: ALTER SYSTEM for a listed setting, and a reload.

What ALTER SYSTEM has written stands in postgresql.auto.conf, which pg_file_settings shows even while a change
waits for a restart; by that a repeat, ``happened`` and ``undo`` know whose value is there. Only listed settings
are changed: some run programs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.connection import Setting, find, not_listed
from remediator.actions.postgres.library import library
from remediator.actions.postgres.parameters import MONITOR, PostgresParameters, backend, targets, text
from remediator.actions.postgres.session import Session, changing, reading
from remediator.core.action import Action, Intent, Outputs, Permission
from remediator.errors import PermanentError

_STATE = """
SELECT s.context, current_setting(s.name) AS running, s.pending_restart, s.sourcefile,
       (SELECT f.setting FROM pg_file_settings f
        WHERE f.name = s.name AND f.sourcefile LIKE '%%/postgresql.auto.conf' ORDER BY f.seqno DESC LIMIT 1) AS written
FROM pg_settings s WHERE s.name = %(name)s
"""
_RELOADED_WITHIN = 3.0  # seconds; the server tells each session by a signal
_LOOK_EVERY = 0.05


class SetParameters(PostgresParameters):
    """Which setting, and its value."""

    name: Setting = Field(description="A setting listed at the connection.")
    value: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")] = Field(
        description='Its new value as text, with its unit: "300", "64MB".'
    )
    reload: bool = Field(True, description="Whether the server reads its files again at once.")


class SetOutputs(Outputs):
    """What became of it."""

    before: str = Field(description="The value that was running.")
    running: str = Field(description="The value that is running now.")
    written: str = Field(description="The value that ALTER SYSTEM has written; empty when there is none.")
    pending_restart: bool = Field(description="Whether it counts only after a restart of the server.")
    changed: bool = Field(description="False when this value had been written already.")


async def perform(p: SetParameters, context: Context) -> SetOutputs:
    """Write it and reload; does nothing when it is written already."""
    return await _put(p, p.value, context)


async def resolve(p: SetParameters, context: Context) -> Intent[SetParameters]:
    """Record what was written before."""
    async with reading(context, p.connection) as session:
        state = await _state(session, p, context)
    return Intent(p, {"written": state["written"], "running": state["running"]})


async def happened(intent: Intent[SetParameters], context: Context) -> bool | None:
    """Whether ours is written; None when it is neither ours nor the one before. Only written counts, not reloaded."""
    async with reading(context, intent.parameters.connection) as session:
        state = await _state(session, intent.parameters, context)
    if state["written"] == intent.parameters.value:
        return True
    return False if state["written"] == intent.before.get("written") else None


async def preview(p: SetParameters, context: Context) -> str:
    """Say what would be set, and whether that is enough."""
    async with reading(context, p.connection) as session:
        state = await _state(session, p, context)
    restart = "; it counts only after a restart of the server" if state["context"] == "postmaster" else ""
    return f"ALTER SYSTEM SET {p.name}: {text(state['running'])} becomes {p.value}{restart}"


async def undo(intent: Intent[SetParameters], context: Context) -> SetOutputs:
    """Write what was written before (or nothing), if ours still stands there; else PermanentError."""
    p, earlier = intent.parameters, _earlier(intent.before)
    async with reading(context, p.connection) as session:
        state = await _state(session, p, context)
    if state["written"] not in (p.value, earlier):
        raise PermanentError(f"{p.name} is {state['written'] or 'not set'} now, not the {p.value} that we set")
    return await _put(p, earlier, context)


async def _put(p: SetParameters, value: str | None, context: Context) -> SetOutputs:
    sql = library().sql
    async with changing(context, p.connection) as session:
        before = await _state(session, p, context)
        if before["context"] == "internal":
            raise PermanentError(f"{p.name} cannot be changed on a running installation")
        changed = before["written"] != value
        if changed and value is None:
            await session.run(sql.SQL("ALTER SYSTEM RESET {}").format(sql.Identifier(*p.name.split("."))))
        elif changed:
            # ALTER SYSTEM takes no bound values; Literal quotes it as the server reads it.
            await session.run(sql.SQL("ALTER SYSTEM SET {} = {}").format(
                sql.Identifier(*p.name.split(".")), sql.Literal(value)
            ))  # fmt: skip
        if p.reload:
            await session.run("SELECT pg_reload_conf()")
        after = await _settled(session, p, context, before if changed and p.reload else None)
    return SetOutputs(
        before=text(before["running"]),
        running=text(after["running"]),
        written=text(after["written"]),
        pending_restart=after["pending_restart"],
        changed=changed,
    )


async def _settled(
    session: Session, p: SetParameters, context: Context, before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the state once the reload shows in our session, or after three seconds."""
    state = await _state(session, p, context)
    if before is None or (before["pending_restart"] and state["written"] is not None):
        return state  # nothing to wait for: it was waiting for a restart, and still is
    for _ in range(round(_RELOADED_WITHIN / _LOOK_EVERY)):
        if (state["running"], state["pending_restart"]) != (before["running"], before["pending_restart"]):
            break
        await asyncio.sleep(_LOOK_EVERY)
        state = await _state(session, p, context)
    return state


async def _state(session: Session, p: SetParameters, context: Context) -> dict[str, Any]:
    settings = find(context, p.connection).settings
    if p.name not in settings:
        raise not_listed("setting", p.name, settings)
    rows = await session.rows(_STATE, {"name": p.name})
    if not rows:
        raise PermanentError(f"the server knows no setting {p.name}")
    return rows[0]


def _earlier(before: Mapping[str, Any]) -> str | None:
    if "written" not in before:
        raise PermanentError("what was written before is not known")
    written = before["written"]
    return None if written is None else str(written)


ACTION = Action(
    name="postgres.set_setting",
    summary="Changes a listed setting by ALTER SYSTEM, reloads, and says when a restart is needed.",
    parameters=SetParameters,
    outputs=SetOutputs,
    perform=perform,
    backend=backend,
    changes=True,
    targets=targets,
    resolve=resolve,
    happened=happened,
    preview=preview,
    undo=undo,
    undo_is_safe=True,
    permissions=lambda p: (
        Permission("ALTER SYSTEM", f"on parameter {p.name}"),
        Permission("EXECUTE", "on pg_reload_conf(), pg_show_all_file_settings()"),
        Permission("SELECT", "on pg_file_settings"),
        MONITOR,
    ),
)
