"""``postgres.terminate_idle``, ``postgres.cancel_long``, ``postgres.terminate_long``: end sessions or statements.

Whom is decided before it is journalled, each by its process id and when it began; done is it to those of
them that still fulfil the condition. A session that has come back to life in between is left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from msgspec import Struct
from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.parameters import MONITOR, SIGNAL, backend, need_sight, targets
from remediator.actions.postgres.session import Session, changing, reading
from remediator.actions.postgres.victims import (
    IDLE,
    LONG,
    EndedSession,
    EndingParameters,
    SessionName,
    Words,
    choose,
    end,
    ended_session,
    left,
    may_signal,
    values,
)
from remediator.core.action import Action, Intent, Outputs
from remediator.core.durations import Duration, show_duration

_GONE_WITHIN = 2.0  # seconds that signalled sessions are waited for
_LOOK_EVERY = 0.05
_TOLD = 50  # sessions in outputs and previews

State = Literal["idle", "idle in transaction", "idle in transaction (aborted)"]


class IdleParameters(EndingParameters):
    """Which idle sessions."""

    idle_for: Annotated[Duration, Field(ge=1)] = Field(description="In the same state for at least this long.")
    states: Annotated[tuple[State, ...], Field(min_length=1)] = Field(
        ("idle",), description="In one of these states. What an idle transaction has changed is lost with it."
    )


class LongParameters(EndingParameters):
    """Which statements."""

    running_for: Annotated[Duration, Field(ge=1)] = Field(description="Running for at least this long.")
    spare: Words = Field(
        ("pg_dump", "pg_dumpall", "pg_restore", "pg_basebackup"),
        description="Never of these application_names: what runs long by its nature.",
    )


class EndingOutputs(Outputs):
    """What became of it."""

    ended: int = Field(description="How many were ended.")
    sessions: list[EndedSession] = Field(description="These; 50 at most.")
    spared: int = Field(description="How many of those chosen had gone or come back to life before.")
    remaining: int = Field(description="How many were told to end and were still there two seconds later.")


class _Way(Struct, frozen=True):
    """One of the three actions: whom it takes and what it does to them."""

    function: str
    condition: str
    bound: Callable[[Any], dict[str, Any]]
    done: str  #: in a preview: "would be ..."

    def values(self, p: Any) -> dict[str, Any]:
        return values(p, self.bound(p))

    async def resolve(self, p: Any, context: Context) -> Intent[Any]:
        """Choose the sessions."""
        if p.sessions is None:
            async with reading(context, p.connection) as session:
                await may_signal(session)
                rows = await choose(session, self.condition, self.values(p))
            p = p.model_copy(update={"sessions": tuple(self._name(row) for row in rows)})
        return Intent(p, {"sessions": len(p.sessions)})

    async def perform(self, p: Any, context: Context) -> EndingOutputs:
        """End those that still fulfil the condition."""
        if p.sessions is None:
            p = (await self.resolve(p, context)).parameters
        bound = self.values(p)
        async with changing(context, p.connection) as session:
            await may_signal(session)
            rows = await end(session, self.function, self.condition, bound)
            ended = [row for row in rows if row["signalled"]]
            remaining = await self._wait(session, p, ended)
        return EndingOutputs(
            ended=len(ended),
            sessions=[ended_session(row) for row in ended[:_TOLD]],
            spared=len(p.sessions) - len(ended),
            remaining=remaining,
        )

    async def happened(self, intent: Intent[Any], context: Context) -> bool | None:
        """Whether none of them is left; None when some are."""
        named = len(intent.parameters.sessions or ())
        async with reading(context, intent.parameters.connection) as session:
            await need_sight(session)  # what cannot be seen is not gone
            there = await left(session, self.condition, self.values(intent.parameters))
        return True if not there else False if there == named else None

    async def preview(self, p: Any, context: Context) -> str:
        """Name them."""
        async with reading(context, p.connection) as session:
            await may_signal(session)
            rows = await choose(session, self.condition, self.values(p))
        lines = [f"{len(rows)} {'session' if len(rows) == 1 else 'sessions'} would be {self.done}"]
        for row in rows[:_TOLD]:
            one = ended_session(row)
            whose = f"{one.user}, {one.application or 'no application_name'}, {one.client or 'local'}"
            lines.append(f"- {one.pid}: {whose}; {one.state} for {show_duration(one.seconds or 0.0)}")
        if len(rows) > _TOLD:
            lines.append(f"- and {len(rows) - _TOLD} more")
        return "\n".join(lines)

    def _name(self, row: dict[str, Any]) -> SessionName:
        statement = row["statement"] if self.condition == LONG else None
        return SessionName(pid=row["pid"], started=row["started"], statement=statement)

    async def _wait(self, session: Session, p: Any, ended: list[dict[str, Any]]) -> int:
        """Wait a moment for those that were told to end; return how many have not."""
        bound = self.values(p.model_copy(update={"sessions": tuple(self._name(row) for row in ended)}))
        for _ in range(round(_GONE_WITHIN / _LOOK_EVERY)):
            there = await left(session, self.condition, bound) if ended else 0
            if not there:
                return 0
            await asyncio.sleep(_LOOK_EVERY)
        return there


def _most(p: EndingParameters) -> Mapping[str, float]:
    return {"sessions": p.max if p.sessions is None else len(p.sessions)}


def _idle(p: IdleParameters) -> dict[str, Any]:
    return {"states": list(p.states), "seconds": p.idle_for}


def _long(p: LongParameters) -> dict[str, Any]:
    return {"spare": list(p.spare), "seconds": p.running_for}


def _action(verb: str, summary: str, parameters: type[EndingParameters], way: _Way) -> Action[Any, Any]:
    return Action(
        name=f"postgres.{verb}",
        summary=summary,
        parameters=parameters,
        outputs=EndingOutputs,
        perform=way.perform,
        backend=backend,
        changes=True,
        # Chosen anew, a second time would end others; the engine performs the resolved intent.
        idempotent=lambda p: p.sessions is not None,
        targets=targets,
        resolve=way.resolve,
        happened=way.happened,
        preview=way.preview,
        amounts=_most,
        permissions=lambda _p: (MONITOR, SIGNAL),
    )


TERMINATE_IDLE = _action(
    "terminate_idle",
    "Ends sessions that have been idle for long: never ours, a superuser's, replication or autovacuum.",
    IdleParameters,
    _Way("pg_terminate_backend", IDLE, _idle, "ended"),
)
CANCEL_LONG = _action(
    "cancel_long",
    "Cancels statements that have been running for long; their sessions stay.",
    LongParameters,
    _Way("pg_cancel_backend", LONG, _long, "told to cancel their statement"),
)
TERMINATE_LONG = _action(
    "terminate_long",
    "Ends the sessions of statements that have been running for long.",
    LongParameters,
    _Way("pg_terminate_backend", LONG, _long, "ended"),
)
