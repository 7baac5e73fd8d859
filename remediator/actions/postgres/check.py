"""``postgres.check``: whether a number is as it should be: a built-in one, or a listed statement's."""

from __future__ import annotations

import math
import operator
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from remediator.actions.context import Context
from remediator.actions.postgres import blocking, connections, long_running, replication_lag, sizes
from remediator.actions.postgres.connection import find, statement
from remediator.actions.postgres.library import library
from remediator.actions.postgres.parameters import (
    MONITOR,
    PostgresParameters,
    Values,
    Word,
    backend,
    need_sight,
)
from remediator.actions.postgres.session import Session, reading
from remediator.core.action import Action, CheckOutputs, Permission
from remediator.errors import PermanentError

Metric = Literal[
    "used_share", "used", "headroom", "idle_in_transaction", "longest_idle", "longest_statement",
    "longest_transaction", "blocked", "lag_bytes", "lag_seconds", "replicas", "wal_bytes",
]  # fmt: skip

_COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "above": (operator.gt, "above"),
    "below": (operator.lt, "below"),
    "at_least": (operator.ge, "at least"),
    "at_most": (operator.le, "at most"),
    "equals": (operator.eq, "equal to"),
}
_COUNTED = {"used_share", "used", "headroom", "idle_in_transaction", "longest_idle"}
_LAG = {"lag_bytes": "worst_bytes", "lag_seconds": "worst_seconds", "replicas": "count"}
_RUNNING = {"longest_statement": "longest", "longest_transaction": "longest_transaction"}
#: With nothing to measure these are 0: nobody idles, nothing runs. An unknown lag is unknown.
_ZERO_IF_NONE = {"longest_idle", "longest_statement", "longest_transaction"}


class CheckParameters(PostgresParameters):
    """Which number, and what it must be. One metric or one statement, and one comparison."""

    metric: Metric | None = Field(
        None,
        description="A built-in one. longest_… and lag_seconds are seconds, …_bytes bytes, used_share is 0 to 1; "
        "the others are counts. A lag that is not known, or of no replica at all, never holds.",
    )
    statement: Word | None = Field(None, description="Instead: a listed statement that returns one number.")
    values: Values = Field({}, description="The statement's values by name; bound, never part of its text.")
    above: float | None = Field(None, allow_inf_nan=False, description="Holds if it is above this.")
    below: float | None = Field(None, allow_inf_nan=False, description="Holds if it is below this.")
    at_least: float | None = Field(None, allow_inf_nan=False, description="Holds if it is this or above.")
    at_most: float | None = Field(None, allow_inf_nan=False, description="Holds if it is this or below.")
    equals: float | None = Field(None, allow_inf_nan=False, description="Holds if it is exactly this.")

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if (self.metric is None) == (self.statement is None):
            raise ValueError('give either "metric" or "statement"')
        if sum(getattr(self, name) is not None for name in _COMPARISONS) != 1:
            raise ValueError(f"give one of {', '.join(_COMPARISONS)}")
        if self.values and self.statement is None:
            raise ValueError("values belong to a statement")
        return self


class NumberOutputs(CheckOutputs):
    """The number, and whether it is as asked for."""

    holds: bool = Field(description="Whether it is as asked for; never when it is not known.")
    reason: str = Field("", description="Why, in a sentence.")
    value: float | None = Field(description="The number; none when it is not known.")


async def perform(p: CheckParameters, context: Context) -> NumberOutputs:
    """Measure and compare."""
    name = p.metric or str(p.statement)
    async with reading(context, p.connection) as session:
        if p.metric is None:
            value = await _listed(p, context, session)
        else:
            await need_sight(session)
            value = await _metric(p.metric, session)
    word = next(word for word in _COMPARISONS if getattr(p, word) is not None)
    compare, spoken = _COMPARISONS[word]
    limit = getattr(p, word)
    if value is None:
        return NumberOutputs(holds=False, reason=f"{name} is not known", value=None)
    holds = compare(value, limit)
    asked = f"{spoken} {limit:.10g}"
    return NumberOutputs(holds=holds, reason=f"{name} is {value:.10g}, {'' if holds else 'not '}{asked}", value=value)


async def _metric(metric: str, session: Session) -> float | None:
    value: float | None
    if metric in _COUNTED:
        value = (await connections.counted(session))[metric]
    elif metric in _RUNNING:
        value = (await long_running.longest(session, 0.0))[_RUNNING[metric]]
    elif metric in _LAG:
        value = getattr(await replication_lag.lag(session), _LAG[metric])
    else:
        others: dict[str, Callable[[Session], Awaitable[int]]] = {
            "blocked": blocking.blocked,
            "wal_bytes": sizes.wal_bytes,
        }
        value = await others[metric](session)
    return 0.0 if value is None and metric in _ZERO_IF_NONE else value


async def _listed(p: CheckParameters, context: Context, session: Session) -> float | None:
    name = str(p.statement)
    found = statement(find(context, p.connection), name, p.values)
    sql = library().sql
    await session.as_listed()
    query = sql.SQL("SELECT * FROM (") + sql.SQL(found.sql) + sql.SQL("\n) AS listed LIMIT 2")
    rows = await session.rows(query, p.values)
    values: list[Any] = list(rows[0].values()) if len(rows) == 1 else []
    if len(rows) > 1 or len(values) > 1:
        raise PermanentError(f'the statement "{name}" returns more than one number')
    return _as_number(name, values[0]) if values and values[0] is not None else None


def _as_number(name: str, value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise PermanentError(f'the statement "{name}" returns something else than a number')
    return float(value) if math.isfinite(value) else None


def _rights(p: CheckParameters) -> tuple[Permission, ...]:
    return (MONITOR,) if p.metric is not None else (Permission("SELECT", "what the statement reads"),)


ACTION = Action(
    name="postgres.check",
    summary="Compares a number with a limit: connections, ages, lag, or what a listed statement returns.",
    parameters=CheckParameters,
    outputs=NumberOutputs,
    perform=perform,
    backend=backend,
    permissions=_rights,
)
