"""Which of a run's changes are taken back: all that are left, or the last ones of them.

What came later may stand on what came before. So a part is always an end of what was done: from a
step, a stage or a remedy on, or the last N. The rest stays, and can be taken back later.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from remediator.core.records import Entry, Phase, Plan, StepPlan
from remediator.errors import NotFoundError

_NAMED = 20  #: names that an error tells


class UndoPart(Struct, frozen=True):
    """Where to take back from; at most one of these is given. None: everything."""

    step: str = ""  #: this step and all after it
    stage: str = ""  #: this stage and all after it
    remedy: str = ""  #: this remedy and all after it
    last: int = 0  #: so many changes, the last ones

    @property
    def words(self) -> str:
        """Say which part it is; empty when it is everything."""
        if self.last:
            return "last: 1 change" if self.last == 1 else f"last: {self.last} changes"
        kind = next((kind for kind in ("step", "stage", "remedy") if getattr(self, kind)), "")
        return f'from the {kind} "{getattr(self, kind)}" on' if kind else ""


EVERYTHING = UndoPart()


def place(entry: Entry) -> tuple[int, int]:
    """Return where an act stands in the order of acts: its cycle, and its place in the remedy."""
    return entry.cycle, int(entry.key.rsplit("/", 1)[1])


def step_of(plan: Plan, entry: Entry) -> StepPlan:
    """Return the step of an act."""
    remedy = next(remedy for remedy in plan.remedies if remedy.name == entry.remedy)
    return remedy.steps[place(entry)[1]]


def chosen(plan: Plan, journal: Sequence[Entry], left: Sequence[Entry], part: UndoPart) -> list[Entry]:
    """Return those of the changes ``left`` that a part names, in the order in which they were made.

    Raise NotFoundError when the run has done nothing of that name.
    """
    ordered = sorted(left, key=place)
    if part.last:
        return ordered[-part.last :]
    if part == EVERYTHING:
        return ordered
    acts = sorted((entry for entry in journal if entry.phase is Phase.ACT), key=place)
    kind, name = next((kind, getattr(part, kind)) for kind in ("step", "stage", "remedy") if getattr(part, kind))
    named = [(_name(plan, entry, kind), place(entry)) for entry in acts]
    cycle = max((at[0] for one, at in named if one == name), default=None)
    if cycle is None:
        known = ", ".join(dict.fromkeys(one for one, _ in named if one))[:500]
        raise NotFoundError(f'it has done no {kind} "{name[:80]}"; what it has done: {known or "none with a name"}')
    begin = min(at for one, at in named if one == name and at[0] == cycle)
    return [entry for entry in ordered if place(entry) >= begin]


def _name(plan: Plan, entry: Entry, kind: str) -> str:
    if kind == "step":
        return entry.step
    return entry.remedy if kind == "remedy" else step_of(plan, entry).stage
