"""A backtest for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from remediator.core.durations import SECOND, show_duration
from remediator.rehearsal.backtest.against import AFTER, Backtest
from remediator.rehearsal.backtest.bars import Columns, bars, columns, counts, hour_text
from remediator.rehearsal.backtest.sources import Older
from remediator.rehearsal.backtest.tally import HOUR, RuleTally, Tally

SHOWN = 5  #: targets, overlaps, moves
TARGETS = 1000  #: of a rule, in JSON
LEFT_OUT = (
    "pauses and maintenance",
    "who approves or refuses",
    "breakers",
    "what a diagnosis finds",
    "whether the remedy helps",
)  #: what decides too, and does not stand in a history


def document(made: Backtest) -> dict[str, Any]:
    """Return it as a JSON document. Times are microseconds since 1970."""
    history = {"first": made.first, "last": made.last, "notifications": made.notifications, "alerts": made.alerts}
    moved = [{"from": then, "to": now, "episodes": count} for (then, now), count in made.moved.most_common()]
    return {
        "history": history,
        **_tally(made.tally),
        "left_out": list(LEFT_OUT),
        **({"before": _tally(made.before), "moved": moved} if made.before is not None else {}),
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "episodes": tally.episodes, "unmatched": tally.unmatched, "open": tally.open,
        "rules": [_rule(rule) for rule in tally.rules.values()],
        "overlaps": [{"rules": list(pair), "turns": count, "targets": len(_shared(tally, *pair))}
                     for pair, count in tally.overlaps.most_common()],
        "hours": [{"at": hour * HOUR, "episodes": count} for hour, count in sorted(tally.hours.items())],
    }  # fmt: skip


def _rule(rule: RuleTally) -> dict[str, Any]:
    busiest = _busiest(rule)
    return {
        "rule": rule.rule, "episodes": rule.episodes, "joined": rule.joined, "would_run": rule.runs,
        "at_once": rule.at_once, "would_ask": dict(rule.asked), "would_observe": dict(rule.observed),
        "depends_on_diagnosis": rule.depends,
        "held": dict(rule.held), "held_too_long": dict(rule.given_up), "refused": dict(rule.refused),
        "refusals": rule.reasons, "resolved_first": rule.cancelled, "targets_touched": len(rule.targets),
        "targets": dict(rule.targets.most_common(TARGETS)),
        "busiest_hour": None if busiest is None else {
            "at": busiest * HOUR, "runs": rule.hours[busiest], "episodes": rule.came[busiest],
        },
    }  # fmt: skip


def _busiest(rule: RuleTally) -> int | None:
    """Return the hour with the most runs; where there are none, with the most episodes."""
    by_hour = rule.hours or rule.came
    return max(by_hour, key=lambda hour: (by_hour[hour], -hour)) if by_hour else None


def _shared(tally: Tally, first: str, second: str) -> set[str]:
    return set(tally.rules[first].targets) & set(tally.rules[second].targets)


def text(made: Backtest, said: str, only: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield its lines. ``said``: under which assumptions it was made. ``only``: these rules."""
    tally = made.tally
    if made.first is None:
        yield "the history is empty"
        return
    span = show_duration((made.last - made.first) / SECOND)
    yield (
        f"{made.alerts:,} alerts in {made.notifications:,} notifications, {_at(made.first)} to {_at(made.last)} UTC "
        f"({span}): {tally.episodes:,} episodes, {tally.unmatched:,} of them meet no rule"
    )
    yield said
    shown = columns(made.first // HOUR, (made.last + AFTER) // HOUR)
    values = counts(tally.hours, shown)
    yield ""
    yield f"episodes per {shown[0]}, at most {max(values):,}"
    yield f"  {bars(values)}"
    quiet = [rule for rule in tally.rules.values() if not rule.episodes]
    for rule in tally.rules.values():
        if rule.episodes and (not only or rule.rule in only):
            yield ""
            yield from _of_rule(rule, shown)
    if quiet and not only:
        names = ", ".join(rule.rule for rule in quiet[:SHOWN])
        more = f" and {len(quiet) - SHOWN} more" if len(quiet) > SHOWN else ""
        yield ""
        yield f"never: {names}{more}"
    if tally.overlaps:
        yield ""
        yield "overlaps: rules that change the same targets"
        for (first, second), count in tally.overlaps.most_common(SHOWN):
            yield f"  {first} and {second}: {len(_shared(tally, first, second)):,} targets, {count:,} times in turn"
    if made.before is not None:
        yield ""
        yield from _changes(made, made.before)
    yield ""
    yield f"not in a history, and left out: {', '.join(LEFT_OUT)}"


def none_since(found: Older, since: int, written: str) -> str:
    """Return the line for a history that has nothing since then, but something before."""
    return (
        f"no alerts since {_at(since)} UTC (--since {written}): all {found.alerts:,}, in {found.notifications:,} "
        f"notifications, came from {_at(found.first)} to {_at(found.last)} UTC"
    )


def _of_rule(rule: RuleTally, shown: Columns) -> Iterator[str]:
    came = counts(rule.came, shown)
    yield rule.rule
    joined = f", {rule.joined:,} of them joined a run" if rule.joined else ""
    yield f"  episodes       {rule.episodes:>7,}  {bars(came)}{joined}"
    later = f"  {rule.at_once:,} at once" if rule.runs else ""
    yield f"  would run      {rule.runs:>7,}  {bars(counts(rule.hours, shown), max(came))}{later}"
    for name, found in (
        ("would ask", rule.asked), ("would observe", rule.observed), ("held", rule.held),
        ("held too long", rule.given_up), ("refused", rule.refused),
    ):  # fmt: skip
        if found:
            yield f"  {name:<14} {found.total():>7,}  {_listed(found)}"
    for guard, reason in rule.reasons.items():
        yield f"    {guard}: {reason[:160]}"
    if rule.depends:
        chosen = ", ".join(rule.remedies[:SHOWN])
        yield f"  depends on diagnosis {rule.depends:>4,}  of those that would run or ask: one of {chosen}; or none"
    if rule.cancelled:
        yield f"  resolved first {rule.cancelled:>7,}  before anything could be done"
    if rule.targets:
        most = ", ".join(f"{target} {count:,}" for target, count in rule.targets.most_common(SHOWN))
        yield f"  targets        {len(rule.targets):>7,}  {most}"
    if (busiest := _busiest(rule)) is not None:
        figures = f"{rule.hours[busiest]:,} runs, {rule.came[busiest]:,} episodes"
        yield f"  busiest hour            {hour_text(busiest)} UTC: {figures}"


def _changes(made: Backtest, before: Tally) -> Iterator[str]:
    yield "what changes, before -> now"
    names = list(dict.fromkeys([*made.tally.rules, *before.rules]))
    same = 0
    for name in names:
        now, then = made.tally.rules.get(name), before.rules.get(name)
        found = [
            f"{what} {_figure(then, key):,} -> {_figure(now, key):,}"
            for what, key in _COMPARED
            if _figure(then, key) != _figure(now, key)
        ]
        state = " (new)" if then is None else " (gone)" if now is None else ""
        if found or state:
            yield f"  {name}{state}: {', '.join(found) or 'meets nothing'}"
        else:
            same += 1
    yield f"  {same:,} rules come to the same"
    for (then_by, now_by), count in made.moved.most_common(SHOWN):
        yield f"  {count:,} episodes go from {then_by or 'no rule'} to {now_by or 'no rule'}"


_COMPARED = (
    ("episodes", "episodes"), ("would run", "would_run"), ("would ask", "would_ask"), ("held", "held"),
    ("held too long", "held_too_long"), ("refused", "refused"), ("resolved first", "resolved_first"),
    ("targets", "targets_touched"),
)  # fmt: skip


def _figure(rule: RuleTally | None, key: str) -> int:
    if rule is None:
        return 0
    found = _rule(rule)[key]
    return sum(found.values()) if isinstance(found, Mapping) else int(found)


def _listed(found: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in found.most_common())


def _at(moment: int) -> str:
    return datetime.fromtimestamp(moment / SECOND, UTC).strftime("%Y-%m-%d %H:%M")
