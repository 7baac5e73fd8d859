"""The one table: a row a measure, a column a program, and whether remediator's figure is what is wanted."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

OURS = "remediator"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


@dataclass(frozen=True, slots=True)
class Row:
    """One measure."""

    key: str
    title: str
    digits: int = 0
    wanted: str = ""
    meets: Callable[[float], bool] | None = None
    worst: bool = False  #: show the worst repetition instead of the median: a loss is not averaged away


ROWS = (
    Row("actions_per_s", "actions/s, 32 senders, single-alert webhooks", 0, "≥ 1,500", lambda v: v >= 1500),
    Row("actions_ratio", "— divided by the floor's", 2),
    Row("p50_ms", "alert → action at 20/s, p50 ms", 2),
    Row("p99_ms", "alert → action at 20/s, p99 ms", 2),
    Row("p50_ratio", "— p50 divided by the floor's", 2, "≤ 1.4", lambda v: v <= 1.4),
    Row("p99_ratio", "— p99 divided by the floor's", 2, "≤ 1.4", lambda v: v <= 1.4),
    Row("bodies_per_s", "runs/s from 500-alert bodies", 0, "≥ 2,000", lambda v: v >= 2000),
    Row("bodies_ratio", "— divided by the floor's", 2),
    Row("ready_s", "start to ready, s", 2, "≤ 1.0", lambda v: v <= 1.0),
    Row("idle_mb", "resident memory before load, MB", 0, "≤ 90", lambda v: v <= 90),
    Row("few_us", "finding the rule of an alert among 100, µs", 2),
    Row("many_us", "finding the rule of an alert among 10,000, µs", 2),
    Row("rules_ratio", "— 10,000 divided by 100", 2, "≤ 2", lambda v: v <= 2),
    Row("storm_ms", "storm of 10,000 alerts in 60 s: answered within, p99 ms", 1, "≤ 100", lambda v: v <= 100),
    Row("kill_lost", "kill -9 among 200: acknowledged and lost (worst)", 0, "0", lambda v: v == 0, worst=True),
    Row("kill_twice", "kill -9 among 200: done twice (worst)", 0, "0", lambda v: v == 0, worst=True),
    Row("kill_unknown", "kill -9 among 200: left for a person (worst)", 0, "≤ 32", lambda v: v <= 32, worst=True),
)


@dataclass(slots=True)
class Figures:
    """What every repetition showed."""

    columns: tuple[str, ...]
    seen: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, column: str, key: str, value: float) -> None:
        """Note one repetition's figure."""
        self.seen.setdefault((column, key), []).append(value)

    def of(self, column: str, row: Row) -> float | None:
        """Return what stands in the table; None when it was not measured."""
        values = self.seen.get((column, row.key))
        if not values:
            return None
        return max(values) if row.worst else statistics.median(values)


def render(figures: Figures, header: Sequence[str], *, quick: bool) -> str:
    """Return header, table and notes as Markdown."""
    cells = [["", *figures.columns, "wanted", ""]]
    cells += [_row(figures, row, quick=quick) for row in ROWS]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = ["| " + " | ".join(_padded(line, widths)) + " |" for line in cells]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:-1]), "-" * max(widths[-1], 3)]
    lines.insert(1, "| " + " | ".join(rule) + " |")
    return "\n".join([*(f"{line}  " for line in header), "", *lines, *(["", *figures.notes] if figures.notes else [])])


def _padded(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *middle, last = line
    numbers = [cell.rjust(width) for cell, width in zip(middle, widths[1:-1], strict=True)]
    return [first.ljust(widths[0]), *numbers, last.ljust(widths[-1])]


def _row(figures: Figures, row: Row, *, quick: bool) -> list[str]:
    values = [figures.of(column, row) for column in figures.columns]
    shown = ["—" if value is None else f"{value:,.{row.digits}f}" for value in values]
    return [row.title, *shown, row.wanted, _verdict(row, figures.of(OURS, row), quick=quick)]


def _verdict(row: Row, value: float | None, *, quick: bool) -> str:
    if row.meets is None:
        return ""
    if value is None:
        return "not measured"
    return ("met" if row.meets(value) else "not met") + (" (quick)" if quick else "")


def write(text: str, file: Path) -> None:
    """Put the table between the markers of a file."""
    page = file.read_text("utf-8")
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{file} has no {BEGIN} and {END}")
    file.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", "utf-8")
