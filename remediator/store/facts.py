"""What the guards need to know, read from rows inside the claiming transaction, and what a claim takes."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from remediator.core.breaker import Breaker, BreakerLimits, BreakerState
from remediator.core.durations import SECOND
from remediator.core.guards import Changed, Facts, Pause, Spent
from remediator.core.limits import Flapping, Storm, Throttle
from remediator.core.records import Plan
from remediator.store import budgets, dependencies, glance, storms, trials
from remediator.store.sqlite import Tx

_HEAD_OF_LINE = (
    "SELECT created_at, held_scope, id FROM run WHERE finished_at IS NULL AND held_scope <> '' AND held_by <> 'order'"
    " AND held_scope = ? AND created_at < ? AND id <> ? ORDER BY created_at LIMIT 1"
)


NOTHING = Facts()


class SiteLimits(Struct, frozen=True):
    """The daemon's own throttles and its budget. None: no limit."""

    per_target: Throttle | None = None
    per_namespace: Throttle | None = None
    overall: Throttle | None = None
    budget: Throttle | None = None  #: different targets changed in a window, in all
    budget_per_namespace: Throttle | None = None
    budget_per_cluster: Throttle | None = None
    storm: Storm | None = None  #: of all new alerts together
    loop_guard: float = 0.0  #: seconds
    stale: float = 0.0  #: seconds; 0: an alert may be as old as it likes
    flapping: Flapping | None = None


def limited_scopes(plan: Plan, limits: SiteLimits) -> list[tuple[str, str, Throttle]]:
    """Return (guard, scope, limit) of every limit that binds this plan. Taking something back is not limited."""
    scopes: list[tuple[str, str, Throttle]] = []
    if plan.undoes:
        return scopes
    if plan.throttle:
        scopes.append(("throttle", f"rule {plan.rule}", plan.throttle))
    if limits.per_target:
        scopes += [("throttle", f"target {target}", limits.per_target) for target in plan.locks]
    if limits.per_namespace:
        places = dict.fromkeys(namespace_of(target) for target in plan.locks)
        scopes += [("throttle", f"namespace {place}", limits.per_namespace) for place in places]
    if limits.overall:
        scopes.append(("throttle", "everything", limits.overall))
    return scopes


def budget_scopes(plan: Plan, limits: SiteLimits) -> list[tuple[str, Throttle]]:
    """Return (scope, limit) of every budget of different targets that binds this plan."""
    scopes: list[tuple[str, Throttle]] = []
    if plan.undoes:
        return scopes
    if plan.limits is not None and plan.limits.budget:
        scopes.append((f"rule {plan.rule}", plan.limits.budget))
    if limits.budget:
        scopes.append(("everything", limits.budget))
    if limits.budget_per_namespace:
        places = dict.fromkeys(namespace_of(target) for target in plan.locks)
        scopes += [(f"namespace {place}", limits.budget_per_namespace) for place in places]
    if limits.budget_per_cluster:
        places = dict.fromkeys("/".join(target.split("/")[:2]) for target in plan.locks)
        scopes += [(f"cluster {place}", limits.budget_per_cluster) for place in places]
    return scopes


def namespace_of(target: str) -> str:
    """Return the place that a target lies in: ``kubernetes/<connection>/<namespace>``, else its first two segments."""
    parts = target.split("/")
    return "/".join(parts[: 3 if parts[0] == "kubernetes" else 2])


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
        failed = breakers(tx, [*(f"backend:{key}" for key in plan.backends), *outcome_keys(plan)])
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
        trial_running=bool(failed) and rule_is_claimed(tx, plan.rule, run),
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


def remedied(tx: Tx, run: str, plan: Plan, now: int) -> None:
    """Note that this rule changed this target, where somebody counts it."""
    if plan.limits is not None and plan.limits.repeats is not None:
        tx.run("INSERT OR IGNORE INTO remedied (target, rule, at, run) VALUES (?,?,?,?)",
               plan.target, plan.rule, now, run)  # fmt: skip


def pauses(tx: Tx) -> tuple[Pause, ...]:
    """Return every pause, also those whose time is over; which bind a run is the guard's to say."""
    rows = tx.all("SELECT scope, author, reason, until, at, kind FROM pause ORDER BY scope")
    return tuple(Pause(*row) for row in rows)


def take(tx: Tx, run: str, targets: tuple[str, ...], known: Facts, now: int, *, again: bool = False) -> None:
    """Take locks, and reservations in the scopes that were looked at.

    The caller has judged by ``known``, read in this same transaction. ``again``: a run is counted once, at its
    last change.
    """
    newest = known.newest
    if again:
        _give_back(tx, run)
        newest = {scope: _newest(tx, scope) for scope in newest}
    tx.many(
        "INSERT INTO lock (scope, run, at) VALUES (?,?,?) ON CONFLICT (scope) DO NOTHING",
        [(target, run, now) for target in targets],
    )
    tx.many(
        "INSERT INTO spent (scope, n, at, run) VALUES (?,?,?,?)",
        [(scope, n + 1, now, run) for scope, n in newest.items()],
    )
    budgets.take(tx, run, targets, known.places, now)


def release(tx: Tx, run: str, *, give_back: bool) -> list[str]:
    """Let go of a run's locks, and of its reservations if it changed nothing. Return runs that waited for them."""
    opened = [f"lock:{scope}" for (scope,) in tx.all("DELETE FROM lock WHERE run = ? RETURNING scope", run)]
    if give_back:
        opened += [f"throttle:{scope}" for scope in _give_back(tx, run)]
        opened += [f"budget:{scope}" for scope in budgets.give_back(tx, run)]
    woken = [found for scope in opened for found in held_on(tx, scope, most=4)]
    return [found for found in dict.fromkeys(woken) if found != run]


def held_on(tx: Tx, scope: str, most: int = 100_000) -> list[str]:
    """Return the runs that are held on this scope, oldest first."""
    return [
        run
        for (run,) in tx.all(
            "SELECT id FROM run WHERE finished_at IS NULL AND held_scope <> '' AND held_scope = ?"
            " ORDER BY created_at LIMIT ?",
            scope, most,
        )
    ]  # fmt: skip


def changed(tx: Tx, run: str, targets: Iterable[str], now: int) -> None:
    """Remember that these targets were changed: cooldowns count from here."""
    for target in targets:
        tx.run(
            "INSERT INTO changed (target, at, run) VALUES (?,?,?)"
            " ON CONFLICT (target) DO UPDATE SET at = excluded.at, run = excluded.run",
            target, now, run,
        )  # fmt: skip


def breaker(tx: Tx, key: str) -> Breaker | None:
    """Return a breaker, or None when it never failed."""
    row = tx.one(
        "SELECT key, state, failures, until, trials, total, failed, updated_at FROM breaker WHERE key = ?", key
    )
    return Breaker(row[0], BreakerState(row[1]), *row[2:]) if row else None


def breakers(tx: Tx, keys: list[str]) -> tuple[Breaker, ...]:
    """Return those of these breakers that have ever failed."""
    marks = ",".join("?" * len(keys))
    rows = tx.all(
        f"SELECT key, state, failures, until, trials, total, failed, updated_at FROM breaker WHERE key IN ({marks})",  # noqa: S608 -- marks only
        *keys,
    )
    return tuple(Breaker(row[0], BreakerState(row[1]), *row[2:]) for row in rows)


def outcome_keys(plan: Plan) -> tuple[str, str]:
    """Return the keys of the outcome breakers of a plan."""
    return f"rule:{plan.rule}", f"target:{plan.target} guide:{plan.guide}"


def count_outcome(tx: Tx, key: str, *, success: bool, limits: BreakerLimits, now: int) -> Breaker | None:
    """Count one outcome. A breaker that never failed has no row, so success writes nothing."""
    was = breaker(tx, key)
    if was is None and success:
        return None
    made = (was or Breaker(key)).after(success=success, now=now, limits=limits)
    tx.run(
        "INSERT OR REPLACE INTO breaker (key, state, failures, until, trials, total, failed, updated_at)"
        " VALUES (?,?,?,?,?,?,?,?)",
        made.key, made.state, made.failures, made.until, made.trials, made.total, made.failed, made.updated_at,
    )  # fmt: skip
    return made


def rule_is_claimed(tx: Tx, rule: str, run: str) -> bool:
    """Whether another run of this rule holds a claim: a half-open breaker lets one trial through at a time."""
    query = "SELECT 1 FROM run WHERE rule = ? AND claimed >= 0 AND finished_at IS NULL AND id <> ? LIMIT 1"
    return tx.one(query, rule, run) is not None


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


def _newest(tx: Tx, scope: str) -> int:
    row = tx.one("SELECT max(n) FROM spent WHERE scope = ?", scope)
    return (row[0] or 0) if row else 0


def _give_back(tx: Tx, run: str) -> list[str]:
    """Delete a run's reservations and close the gaps they leave. Return their scopes."""
    rows = tx.all("SELECT scope, n FROM spent WHERE run = ? ORDER BY n DESC", run)
    for scope, n in rows:
        tx.run("DELETE FROM spent WHERE scope = ? AND n = ?", scope, n)
        # Through negative numbers, so that no two rows ever share one.
        tx.run("UPDATE spent SET n = -(n - 1) WHERE scope = ? AND n > ?", scope, n)
        tx.run("UPDATE spent SET n = -n WHERE scope = ? AND n < 0", scope)
    return [scope for scope, _ in rows]


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
