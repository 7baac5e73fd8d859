"""Which targets runs have locked, and when each was changed last. What lies above and below one counts, too."""

from __future__ import annotations

from remediator.core.guards import Changed
from remediator.rehearsal.backtest.passing import Passing
from remediator.rehearsal.backtest.scopes import Scopes


class Targets:
    """Locks and last changes, by target; of the places above a target, which targets lie below them."""

    def __init__(self) -> None:
        self.locks: dict[str, Passing] = {}
        self._locked_below: dict[str, set[str]] = {}
        self._changed: dict[str, Changed] = {}
        self._changed_below: dict[str, set[str]] = {}

    def lock(self, run: Passing) -> None:
        """Lock the targets of a run."""
        for target, above in run.scopes.above.items():
            self.locks.setdefault(target, run)
            for prefix in above[:-1]:
                self._locked_below.setdefault(prefix, set()).add(target)

    def let_go(self, run: Passing) -> list[str]:
        """Unlock what a run has locked; return these targets."""
        free: list[str] = []
        for target, above in run.scopes.above.items():
            if self.locks.get(target) is not run:
                continue
            del self.locks[target]
            for prefix in above[:-1]:
                self._locked_below[prefix].discard(target)
            free.append(target)
        return free

    def change(self, run: Passing, now: int) -> None:
        """Note that a run has changed its targets."""
        for target, above in run.scopes.above.items():
            if target not in self._changed:
                for prefix in above[:-1]:
                    self._changed_below.setdefault(prefix, set()).add(target)
            self._changed[target] = Changed(target, now, str(run.number), run.plan.rule)

    def locked_by(self, scopes: Scopes) -> tuple[tuple[str, str], ...]:
        """Return what is locked at, above or below these targets, each with the run that has it."""
        locks = self.locks
        if not locks:
            return ()
        found = []
        for target, above in scopes.above.items():
            found += [(place, str(locks[place].number)) for place in above if place in locks]
            if below := self._locked_below.get(target):
                found += [(place, str(locks[place].number)) for place in sorted(below)]
        return tuple(found)

    def is_locked(self, scopes: Scopes) -> bool:
        """Whether any of these targets is locked, or anything above or below it."""
        for target, above in scopes.above.items():
            for place in above:
                if place in self.locks:
                    return True
            if self._locked_below.get(target):
                return True
        return False

    def last_changes(self, scopes: Scopes) -> tuple[Changed, ...]:
        """Return the last change of these targets and of each place above and below them."""
        changed = self._changed
        found: list[Changed] = []
        for target, above in scopes.above.items():
            found += [changed[place] for place in above if place in changed]
            if below := self._changed_below.get(target):
                found += [changed[place] for place in sorted(below)]
        return tuple(found)

    def changed_since(self, scopes: Scopes, since: int) -> bool:
        """Whether any of these targets was changed since, or anything above or below it."""
        changed = self._changed
        for target, above in scopes.above.items():
            for place in above:
                change = changed.get(place)
                if change is not None and change.at > since:
                    return True
            if any(changed[place].at > since for place in self._changed_below.get(target, ())):
                return True
        return False
