"""What limits the runs of a plan, told once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from remediator.core.durations import SECOND
from remediator.core.guards import Facts, judge_envelope
from remediator.core.limits import Throttle
from remediator.core.records import Plan
from remediator.core.scopes import budget_scopes, limited_scopes
from remediator.engine.work import Site

Limited = tuple[str, str, Throttle]


class Line(NamedTuple):
    """A limit that is used up, and what has to stay as it is for a run to be held by nothing else."""

    key: str  #: what the run is held on: ``throttle:rule web-down``
    watch: tuple[str, ...]  #: what would speak before this limit, see ``Ledger.unchanged``


class Scopes:
    """What limits a plan, told once for all runs of it."""

    __slots__ = ("_lines", "_marks", "above", "allowed", "budgets", "fits", "limited", "places", "throttles", "wanted")

    def __init__(self, plan: Plan, site: Site) -> None:
        self.limited: Sequence[Limited] = tuple(limited_scopes(plan, site.limits))
        self.budgets: Sequence[tuple[str, Throttle]] = tuple(budget_scopes(plan, site.limits))
        #: The same as they are asked most often: what a run is held on, the scope, its limit, its window.
        self.throttles = tuple(
            [(f"{guard}:{scope}", scope, limit.max, int(limit.per * SECOND)) for guard, scope, limit in self.limited]
        )
        self.places = tuple(
            [(f"budget:{scope}", scope, limit, int(limit.per * SECOND)) for scope, limit in self.budgets]
        )
        #: What an older run may be held on that this one needs, too.
        self.wanted = (
            *[key for key, *_ in self.throttles],
            *[key for key, *_ in self.places],
            *[f"{kind}:{target}" for target in plan.locks for kind in ("lock", "cooldown")],
        )
        self.above = {target: _prefixes(target) for target in plan.locks}
        self.allowed = judge_envelope(plan, Facts(), site.envelope, 0) is None  # asks neither facts nor the time
        self.fits = all(len(plan.locks) <= limit.max for _, limit in self.budgets)
        self._marks: tuple[str, ...] = ()
        self._lines: dict[str, Line] = {}

    @property
    def marks(self) -> tuple[str, ...]:
        """What changes when a run takes, changes or lets go of its targets: these, and what lies above them."""
        if not self._marks:
            places = dict.fromkeys(place for above in self.above.values() for place in above[:-1])
            self._marks = (*(f"={target}" for target in self.above), *(f"<{place}" for place in places))
        return self._marks

    def line(self, key: str) -> Line:
        """Return what the guards would ask before they came to this limit."""
        if not self._lines:
            before = [f"<{target}" for target in self.above]
            before += dict.fromkeys(f"={place}" for above in self.above.values() for place in above)
            for limit in (*(each[0] for each in self.throttles), *(each[0] for each in self.places)):
                self._lines[limit] = Line(limit, tuple(before))
                before.append(limit)
        return self._lines[key]


def _prefixes(target: str) -> tuple[str, ...]:
    """Return what lies above a target, the target itself last."""
    parts = target.split("/")
    return tuple("/".join(parts[:count]) for count in range(1, len(parts) + 1))
