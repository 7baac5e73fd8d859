"""One history against one rule table, or against two at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct, field
from msgspec.structs import replace

from remediator.core.rules import RuleTable
from remediator.core.transitions import Mode
from remediator.engine.work import Site
from remediator.rehearsal.backtest.replay import Replay
from remediator.rehearsal.backtest.sources import Arrival
from remediator.rehearsal.backtest.tally import Tally

AFTER = 3600 * 1_000_000  #: how long after the last notification what is held may go on


class Backtest(Struct):
    """What came of it."""

    tally: Tally
    before: Tally | None = None  #: with the other rule table
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)  #: episodes, by the rules that take them
    first: int | None = None  #: when the history begins
    last: int = 0
    notifications: int = 0
    alerts: int = 0


def as_auto(table: RuleTable) -> RuleTable:
    """Return the table with every rule in mode auto: what guards would say if it could act."""
    rules = tuple(
        replace(rule, text=rule.text.model_copy(update={"mode": Mode.AUTO})) for rule in table.rules
    )  # fmt: skip
    return RuleTable.of(rules, table.revision, table.intervals)


def run(history: Iterable[Arrival], site: Site, against: RuleTable | None = None, *, takes: int) -> Backtest:
    """Replay a history; ``against`` is another rule table under the same site. ``takes``: microseconds of a run."""
    made = Backtest(Tally(_names(site.table)), Tally(_names(against)) if against is not None else None)
    replay = Replay(site, made.tally, takes=takes)
    other = None
    if against is not None and made.before is not None:
        other = Replay(replace(site, table=against), made.before, takes=takes)
    for at, alerts in history:
        made.first = at if made.first is None else made.first
        made.last = at
        made.notifications += 1
        made.alerts += len(alerts)
        replay.post(at, alerts)
        if other is not None:
            other.post(at, alerts)
            # Episodes are told apart by the site, not by rules: both have opened the same ones.
            for now, then in zip(replay.opened, other.opened, strict=True):
                if now[:1] != then[:1]:
                    made.moved[(then or ("",))[0], (now or ("",))[0]] += 1
    for each in (replay, other):
        if each is not None:
            each.finish(made.last + AFTER)
    return made


def _names(table: RuleTable) -> tuple[str, ...]:
    return tuple(rule.name for rule in table.rules)
