"""A state machine over the outbox: each reporter is told everything until it has heard the newest, in order but for what fails."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from remediator.core.reporting import Receipt, Telling
from remediator.store import outbox
from remediator.store.sqlite import Tx, migrate

REPORTERS = ("slack", "console")
KEYS = st.tuples(st.sampled_from("abc"), st.sampled_from(list(Telling)), st.sampled_from(["", "result"]))
AT_MOST = 80  #: the longest wait that is believed; some are longer: a clock was wrong
RECEIPTS = st.none() | st.builds(Receipt, st.just("C1"), st.sampled_from(["1.1", "2.2"]))


@dataclass
class Row:
    """What one reporter is owed."""

    key: tuple[str, Telling, str]
    changes: int = 0  #: since it was written
    failed: int = 0  #: tries
    due: int = 0

    def stuck(self, now: int) -> bool:
        return self.failed >= outbox.PATIENCE and now < self.due <= now + AT_MOST


def comes_next(owed: list[Row], now: int) -> Row | None:
    """Return the first row that nothing holds up; when all are held up, the one that is due first."""
    for index, row in enumerate(owed):
        urgent = row.key[1] is Telling.ESCALATION
        before = [] if urgent else [each for each in owed[:index] if each.key[0] == row.key[0]]
        if not any(each.stuck(now) for each in [row, *before]):
            return row
    return min((row for row in owed if row.failed >= outbox.PATIENCE), key=lambda row: row.due, default=None)


class Outbox(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self.db)
        self.tx = Tx(self.db)
        self.now = 0
        self.owed: dict[str, list[Row]] = {name: [] for name in REPORTERS}
        self.telling: dict[str, tuple[outbox.Untold, Row, int]] = {}  # what a reporter is being told; changes then
        self.receipts: dict[tuple[str, str], Receipt | None] = {}

    @rule(key=KEYS, everybody=st.booleans())
    def tell(self, key: tuple[str, Telling, str], everybody: bool) -> None:
        """A run has changed and says so to all reporters, or to one."""
        self.now += 1
        names = REPORTERS if everybody else REPORTERS[:1]
        outbox.tell(self.tx, names, *key, self.now)
        for name in names:
            row = next((row for row in self.owed[name] if row.key == key), None)
            if row is None:
                self.owed[name].append(Row(key))
            else:
                row.changes += 1

    @rule(microseconds=st.integers(1, 200))
    def time_passes(self, microseconds: int) -> None:
        self.now += microseconds

    @rule(name=st.sampled_from(REPORTERS))
    def take_the_next(self, name: str) -> None:
        untold = outbox.next_untold(self.tx, name, self.now, AT_MOST)
        if untold is None:
            assert not self.owed[name]
            return
        row = comes_next(self.owed[name], self.now)
        assert row is not None
        assert (untold.run, untold.telling, untold.topic) == row.key
        self.telling[name] = (untold, row, row.changes)

    @precondition(lambda self: self.telling)
    @rule(data=st.data(), got=RECEIPTS)
    def it_was_told(self, data: st.DataObject, got: Receipt | None) -> None:
        name = data.draw(st.sampled_from(sorted(self.telling)))
        untold, row, changes = self.telling.pop(name)
        outbox.told(self.tx, name, untold, got)
        row.failed = 0
        if row.changes == changes:
            self.owed[name].remove(row)
        if untold.telling is Telling.MESSAGE:
            self.receipts[name, untold.run] = got

    @precondition(lambda self: self.telling)
    @rule(data=st.data(), wait=st.integers(1, 100), times=st.sampled_from([1, outbox.PATIENCE]))
    def it_could_not_be_told(self, data: st.DataObject, wait: int, times: int) -> None:
        name = data.draw(st.sampled_from(sorted(self.telling)))
        untold, row, _ = self.telling.pop(name)
        for _ in range(times):
            outbox.postpone(self.tx, untold, self.now + wait)
        row.failed += times
        row.due = self.now + wait

    @precondition(lambda self: self.telling)
    @rule(data=st.data())
    def it_is_given_up(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.telling)))
        untold, row, changes = self.telling.pop(name)
        outbox.drop(self.tx, untold)
        if row.changes == changes:
            self.owed[name].remove(row)

    @rule()
    def the_process_dies(self) -> None:
        """What was being told when it died is told again."""
        self.telling.clear()

    @invariant()
    def all_is_owed(self) -> None:
        assert outbox.waiting(self.tx) == {name: len(rows) for name, rows in self.owed.items() if rows}

    @invariant()
    def receipts_are_the_last_ones(self) -> None:
        for (name, run), receipt in self.receipts.items():
            assert outbox.receipt(self.tx, name, run) == receipt

    @invariant()
    def somebody_has_heard(self) -> None:
        for run in "abc":
            heard = any(run == told for _, told in self.receipts)
            waits = any(row.key[0] == run for rows in self.owed.values() for row in rows)
            assert outbox.was_told(self.tx, run) == (heard or waits)

    def teardown(self) -> None:
        """Tell all that is left: when all is due it comes in the order in which it was written."""
        later = self.now + 1_000
        for name in REPORTERS:
            left = [row.key for row in self.owed[name]]
            came = []
            while untold := outbox.next_untold(self.tx, name, later, AT_MOST):
                came.append((untold.run, untold.telling, untold.topic))
                outbox.told(self.tx, name, untold, None)
            assert came == left
        self.db.close()


Outbox.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
test_outbox = Outbox.TestCase
