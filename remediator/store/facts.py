"""What the guards need to know, read from rows inside the claiming transaction, and what a claim takes."""

from __future__ import annotations

from remediator.core.breaker import Breaker
from remediator.core.durations import SECOND
from remediator.core.guards import Changed, Facts, Pause, Spent
from remediator.core.limits import Throttle
from remediator.core.records import Plan
from remediator.core.scopes import SiteLimits, budget_scopes, limited_scopes
from remediator.store import breakers, budgets, dependencies, glance, storms, trials
from remediator.store.sqlite import Tx

_HEAD_OF_LINE = (
    "SELECT created_at, held_scope, id FROM run WHERE finished_at IS NULL AND held_scope <> '' AND held_by <> 'order'"
    " AND held_scope = ? AND created_at < ? AND id <> ? ORDER BY created_at LIMIT 1"
)


NOTHING = Facts()


def read(
    tx: Tx, run: str, plan: Plan, created_at: int, limits: SiteLimits, now: int,
    more: tuple[budgets.Budget, ...] = (), *, again: bool = False, known: Facts = NOTHING,
) -> Facts:  # fmt: skip
    """Return the facts for this run. The caller holds the writing transaction.

    One statement tells what there is at all; most of it is mostly absent and need not be read. ``more``: budgets
    that follow from the run's own diagnosis. ``again``: it has changed something before, and may have
    reservations of its own; only those of others count. ``known``: what is known without rows: the pause file's
    pauses, the intervals, a breaker's trials.
    """
    scopes = limited_scopes(plan, limits)
    budgets_here = [*budget_scopes(plan, limits), *more]
    special = plan.limits
    seen = glance.look(tx, plan.locks, [scope for _, scope, _ in scopes], [scope for scope, _ in budgets_here])
    loop_guard = limits.loop_guard if special is None or special.loop_guard is None else special.loop_guard
    failed: tuple[Breaker, ...] = ()
    if seen.any_breaker:
        failed = breakers.read(tx, [*(f"backend:{key}" for key in plan.backends), *breakers.outcome_keys(plan)])
    spent = [
        Spent(
            guard, scope, limit,
            _nth_of_others(tx, scope, limit, run) if again else _nth_at(tx, scope, limit, seen.spent[scope]),
        )
        for guard, scope, limit in scopes
    ]  # fmt: skip
    return Facts(
        pauses=(*pauses(tx), *known.pauses) if seen.any_pause else known.pauses,
        locked_by=_locked_by(tx, run, plan.locks) if seen.any_lock else (),
        last_change=_last_changes(tx, run, plan.locks) if seen.any_change and (plan.cooldown or loop_guard) else (),
        spent=(*spent, *budgets.read(tx, plan.locks, budgets_here, seen.touched)),
        breakers=failed,
        trial_running=bool(failed) and breakers.rule_is_claimed(tx, plan.rule, run),
        on_trial=trials.under_way(tx, failed, run, now),
        trials=known.trials,
        intervals=known.intervals,
        waiting_before=_waiting_before(tx, run, plan, created_at, scopes, budgets_here) if seen.any_held else None,
        newest=seen.spent,
        places=seen.touched,
        storms=storms.read(tx, run, plan.rule) if seen.any_storm else (),
        firing=dependencies.causes(tx, special.inhibited_by, plan.labels) if special is not None else (),
        repeated=repeated(tx, plan, now) if special is not None and special.repeats else 0,
        loop_guard=loop_guard,
    )


def _last_changes(tx: Tx, run: str, targets: tuple[str, ...]) -> tuple[Changed, ...]:
    """Return the last changes, by other runs, of these targets and of what lies above or below them."""
    found: list[Changed] = []
    for target in targets:
        where, values = glance.condition("c.target", target.count("/") + 1), glance.around(target)
        rows = tx.all(
            "SELECT c.target, c.at, c.run, coalesce(r.rule, '') FROM changed c LEFT JOIN run r ON r.id = c.run"  # noqa: S608 -- marks only
            f" WHERE ({where}) AND c.run <> ? ORDER BY c.at DESC LIMIT 64",
            *values, run,
        )  # fmt: skip
        found += [Changed(*row) for row in rows]
    return tuple(found)


def repeated(tx: Tx, plan: Plan, now: int) -> int:
    """Return how often this rule changed this target in the window of its ``repeats`` before ``now``."""
    repeats = plan.limits.repeats if plan.limits else None
    if repeats is None:
        return 0
    row = tx.one(
        "SELECT count(*) FROM (SELECT 1 FROM remedied WHERE target = ? AND rule = ? AND at > ? LIMIT 1000)",
        plan.target, plan.rule, now - int(repeats.per * SECOND),
    )  # fmt: skip
    return int(row[0]) if row else 0


def pauses(tx: Tx) -> tuple[Pause, ...]:
    """Return every pause, also those whose time is over; which bind a run is the guard's to say."""
    rows = tx.all("SELECT scope, author, reason, until, at, kind FROM pause ORDER BY scope")
    return tuple(Pause(*row) for row in rows)


def _locked_by(tx: Tx, run: str, targets: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for target in targets:
        where, values = glance.condition("scope", target.count("/") + 1), glance.around(target)
        rows = tx.all(f"SELECT scope, run FROM lock WHERE {where}", *values)  # noqa: S608 -- marks only
        found += [(scope, holder) for scope, holder in rows if holder != run]
    return tuple(found)


def _nth_at(tx: Tx, scope: str, limit: Throttle, newest: int) -> int | None:
    """When the limit-th newest was let through. ``n`` has no gaps, so this is one look-up and never a count."""
    if newest < limit.max:
        return None
    row = tx.one("SELECT at FROM spent WHERE scope = ? AND n = ?", scope, newest - limit.max + 1)
    return row[0] if row else None


def _nth_of_others(tx: Tx, scope: str, limit: Throttle, run: str) -> int | None:
    """When the limit-th newest of other runs was let through."""
    query = "SELECT at FROM spent WHERE scope = ? AND run <> ? ORDER BY n DESC LIMIT 1 OFFSET ?"
    row = tx.one(query, scope, run, limit.max - 1)
    return row[0] if row else None


def _waiting_before(
    tx: Tx, run: str, plan: Plan, created_at: int, scopes: list[tuple[str, str, Throttle]],
    budgets_here: list[tuple[str, Throttle]],
) -> tuple[str, str] | None:  # fmt: skip
    wanted = [f"{guard}:{scope}" for guard, scope, _ in scopes]
    wanted += [f"budget:{scope}" for scope, _ in budgets_here]
    wanted += [f"{kind}:{target}" for target in plan.locks for kind in ("lock", "cooldown")]
    # One look into the index a scope: ten thousand may stand in one line, and each of them asks.
    heads = [row for scope in wanted if (row := tx.one(_HEAD_OF_LINE, scope, created_at, run))]
    first = min(heads, default=None)
    return (first[1], first[2]) if first else None
