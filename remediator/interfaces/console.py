"""Tells runs on a stream: a line for every step, the whole report at the end, escalations loudly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from remediator.core.redaction import shorten
from remediator.core.reporting import Message, Receipt, Telling
from remediator.errors import PermanentError, TemporaryError
from remediator.interfaces.report import Report, compose
from remediator.interfaces.report_headline import Need
from remediator.interfaces.report_lines import Item, Line, Table, clean
from remediator.outlet import Outlet

_WIDTH = 100
_SHORT = 200
_BOLD, _RED, _YELLOW, _GREEN, _DIM, _PLAIN = "\x1b[1m", "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[2m", "\x1b[0m"
_COLOURS = {Need.NOW: _RED, Need.LOOK: _YELLOW, Need.NOBODY: _GREEN}


class ConsoleReporter:
    """Writes to a text stream, and waits for nobody who reads it. ``colour``: None means on a terminal only."""

    name = "console"

    def __init__(self, stream: TextIO, *, colour: bool | None = None) -> None:
        self._outlet = Outlet(stream)
        self._colour = stream.isatty() if colour is None else colour

    async def tell(self, message: Message) -> Receipt | None:
        """Write it. There is never a receipt: nothing that was written can be updated."""
        report = compose(message.run)
        match message.telling:
            case Telling.ESCALATION:
                self._write(self._loud(report, message.topic))
            case Telling.MESSAGE if report.final:
                self._write(self._whole(report))
            case Telling.MESSAGE:
                lines = [self._paint(f"{report.at} {report.title}", _COLOURS[report.need])]
                commands = [_line(line) for line in report.advice if line.topic == "approval"]
                self._write([*lines, f"  run {report.run}: {report.reason}", *commands])
            case Telling.THREAD if not report.final or message.topic == "storm":
                self._write([f"  {message.topic or 'run'} {report.run}: {_brief(report, message.topic)}"])
            case _:
                pass  # the whole report holds it
        return None

    def _whole(self, report: Report) -> list[str]:
        lines = [self._paint(f"{report.at} {report.title}", _COLOURS[report.need] + _BOLD), f"  {report.reason}"]
        lines += [_line(line) for line in report.advice]
        for name, items in report.parts:
            if items:
                lines += [self._paint(name, _BOLD), *_items(items)]
        return [*lines, self._paint(f"run {report.run}", _DIM), ""]

    def _loud(self, report: Report, to: str = "") -> list[str]:
        bar = self._paint("!" * _WIDTH, _RED + _BOLD)
        title = self._paint(report.title, _RED + _BOLD)
        advice = [_line(line) for line in report.advice]
        bell = "\a" if self._colour else ""
        whom = [f"  For: {clean(to, 60)}; nobody has acknowledged it yet"] if to else []
        return ["", bar + bell, title, *whom, f"  {report.reason}", *advice, bar, ""]

    def _paint(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self._colour else text

    def _write(self, lines: Iterable[str]) -> None:
        try:
            taken = self._outlet.offer("\n".join(lines) + "\n")
        except (OSError, ValueError) as error:
            raise PermanentError(f"the console cannot be written to: {type(error).__name__}") from error
        if not taken:
            raise TemporaryError("nobody reads the console")


def _items(items: Iterable[Item]) -> list[str]:
    lines: list[str] = []
    for item in items:
        lines += [_line(item)] if isinstance(item, Line) else _table(item)
    return lines


def _line(line: Line) -> str:
    return f"  {line.label}: {line.text}" if line.label else f"  {line.text}"


def _table(table: Table) -> list[str]:
    """Return rows in columns where these fit, else one cell a line."""
    widths = [max(len(cell) for cell in column) for column in zip(table.head, *table.rows, strict=True)]
    if sum(widths) + 2 * len(widths) <= _WIDTH:
        rows = ["    " + "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
                for row in (table.head, *table.rows)]  # fmt: skip
    else:
        rows = []
        for name, *cells in table.rows:
            named = [f"{head}: {cell}" for head, cell in zip(table.head[1:], cells, strict=True)]
            rows += (
                [f"    {name}: {cells[0]}"] if len(cells) == 1 else [f"    {name}", *(f"      {one}" for one in named)]
            )
    left = [f"    … {table.left_out} earlier rows are left out"] if table.left_out else []
    return [f"  {table.title}:", *rows, *left]


def _brief(report: Report, topic: str) -> str:
    """Return one line on a topic: the last rows and lines say most."""
    told: list[str] = []
    for item in report.on(topic):
        if isinstance(item, Table):
            told += [f"{row[0]}: {row[-1] if len(row) <= 2 else row[2]}" for row in item.rows]  # noqa: PLR2004 -- name, value; or name, arguments, outcome
        else:
            told.append(f"{item.label}: {item.text}" if item.label else item.text)
    return shorten("; ".join(told) or report.reason, _SHORT)
