"""A state machine over the outbox: each reporter is told everything, in order, until it has heard the newest."""

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
RECEIPTS = st.none() | st.builds(Receipt, st.just("C1"), st.sampled_from(["1.1", "2.2"]))


@dataclass
class Row:
    """What one reporter is owed."""

    key: tuple[str, Telling, str]
    changes: int = 0  #: since it was written


class Outbox(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self.db)
        self.tx = Tx(self.db)
        self.now = 0
        self.owed: dict[str, list[Row]] = {name: [] for name in REPORTERS}
        self.telling: dict[str, tuple[outbox.Untold, int]] = {}  # what a reporter is being told: row, changes then
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

    @rule(name=st.sampled_from(REPORTERS))
    def take_the_next(self, name: str) -> None:
        untold = outbox.next_untold(self.tx, name)
        if untold is None:
            assert not self.owed[name]
            return
        first = self.owed[name][0]
        assert (untold.run, untold.telling, untold.topic) == first.key
        self.telling[name] = (untold, first.changes)

    @precondition(lambda self: self.telling)
    @rule(data=st.data(), got=RECEIPTS)
    def it_was_told(self, data: st.DataObject, got: Receipt | None) -> None:
        name = data.draw(st.sampled_from(sorted(self.telling)))
        untold, changes = self.telling.pop(name)
        outbox.told(self.tx, name, untold, got)
        first = self.owed[name][0]
        if first.changes == changes:
            self.owed[name].pop(0)
        if untold.telling is Telling.MESSAGE:
            self.receipts[name, untold.run] = got

    @precondition(lambda self: self.telling)
    @rule(data=st.data(), wait=st.integers(1, 100))
    def it_could_not_be_told(self, data: st.DataObject, wait: int) -> None:
        name = data.draw(st.sampled_from(sorted(self.telling)))
        untold, _ = self.telling.pop(name)
        outbox.postpone(self.tx, untold, self.now + wait)
        again = outbox.next_untold(self.tx, name)
        assert again is not None
        assert (again.id, again.attempts, again.due_at) == (untold.id, untold.attempts + 1, self.now + wait)

    @precondition(lambda self: self.telling)
    @rule(data=st.data())
    def it_is_given_up(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.telling)))
        untold, changes = self.telling.pop(name)
        outbox.drop(self.tx, untold)
        if self.owed[name][0].changes == changes:
            self.owed[name].pop(0)

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
        """Tell all that is left: it comes in the order in which it was written."""
        for name in REPORTERS:
            left = [row.key for row in self.owed[name]]
            came = []
            while untold := outbox.next_untold(self.tx, name):
                came.append((untold.run, untold.telling, untold.topic))
                outbox.told(self.tx, name, untold, None)
            assert came == left
        self.db.close()


Outbox.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
test_outbox = Outbox.TestCase
