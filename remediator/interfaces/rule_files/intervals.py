"""Named time intervals of all rule files, and that rules name only those that there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from remediator.core.guide import NamedIntervals, RuleText
from remediator.core.intervals import TimeInterval
from remediator.core.problems import Problem, nearest
from remediator.interfaces.documents import Document, problem_at

Intervals = Mapping[str, tuple[TimeInterval, ...]]


def named_intervals(files: Iterable[tuple[Document, tuple[NamedIntervals, ...]]], problems: list[Problem]) -> Intervals:
    """Return the intervals by name; a name that stands twice is a problem."""
    found: dict[str, tuple[TimeInterval, ...]] = {}
    origin: dict[str, str] = {}
    for document, named in files:
        for position, each in enumerate(named):
            if each.name in found:
                message = f'the time interval "{each.name}" stands in {origin[each.name]} already'
                problems.append(problem_at(document, ("time_intervals", position, "name"), message))
                continue
            found[each.name], origin[each.name] = each.time_intervals, document.file
    return found


def missing_intervals(document: Document, position: int, text: RuleText, known: Intervals) -> Iterable[Problem]:
    """Yield a problem for each time interval that a rule names and nobody has defined."""
    for key in ("active_time_intervals", "mute_time_intervals"):
        for index, name in enumerate(getattr(text, key)):
            if name not in known:
                where = ("rules", position, key, index)
                hint = nearest(name, known) or "define it under time_intervals"
                yield problem_at(document, where, f'there is no time interval "{name}"', hint)
