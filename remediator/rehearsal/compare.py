"""Whether one thing that happened is what was expected. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from remediator.core.durations import parse_duration
from remediator.core.records import Entry, Phase
from remediator.rehearsal.describe import GRAIN, Described, arguments_of
from remediator.rehearsal.expectations import ChangeText, HoldText


def change_fits(wanted: ChangeText, entry: Entry, found: Described, *, exact: bool) -> bool:
    """Whether a change is as expected: its action, its arguments in so far as they are mentioned, and so on."""
    if wanted.action != entry.action or wanted.undo != (entry.phase is Phase.UNDO):
        return False
    if wanted.outcome is not None and wanted.outcome != entry.outcome:
        return False
    if wanted.at is not None and not same_time(wanted.at, found.time(entry.started_at)):
        return False
    arguments = arguments_of(entry, every=True)
    if not all(name in arguments and same_value(value, arguments[name]) for name, value in wanted.args.items()):
        return False
    return not exact or set(arguments_of(entry)) <= set(wanted.args)


def same_value(wanted: Any, actual: Any) -> bool:
    """Whether two arguments are the same: 60s is 1m."""
    if wanted == actual:
        return True
    if isinstance(wanted, Mapping) and isinstance(actual, Mapping):
        return all(name in actual and same_value(value, actual[name]) for name, value in wanted.items())
    try:
        return isinstance(actual, str) and parse_duration(wanted) == parse_duration(actual)
    except ValueError:
        return False


def same_time(wanted: float, actual: str | None) -> bool:
    """Whether a time of the test is the one that was expected, but for what nobody can see."""
    return actual is not None and abs(wanted - parse_duration(actual)) <= GRAIN


def aligned(fits: list[list[bool]]) -> tuple[tuple[int, int], ...]:
    """Return which lines agree, in order: the longest common subsequence."""
    rows, columns = len(fits), len(fits[0]) if fits else 0
    longest = [[0] * (columns + 1) for _ in range(rows + 1)]
    for row in reversed(range(rows)):
        for column in reversed(range(columns)):
            taken = longest[row + 1][column + 1] + 1 if fits[row][column] else 0
            longest[row][column] = max(taken, longest[row + 1][column], longest[row][column + 1])
    same, row, column = [], 0, 0
    while row < rows and column < columns:
        if fits[row][column] and longest[row][column] == longest[row + 1][column + 1] + 1:
            same.append((row, column))
            row, column = row + 1, column + 1
        elif longest[row + 1][column] >= longest[row][column + 1]:
            row += 1
        else:
            column += 1
    return tuple(same)


def hold_fits(wanted: HoldText, actual: Mapping[str, Any]) -> bool:
    """Whether a guard held it as expected."""
    return (
        (wanted.guard is None or wanted.guard == actual["guard"])
        and (wanted.at is None or same_time(wanted.at, actual.get("at")))
        and (wanted.until is None or same_time(wanted.until, actual.get("until")))
        and all(text in actual["because"] for text in wanted.because)
    )
