"""A report as Slack's Block Kit, strictly inside Slack's limits.

Source of the limits and of the escaping: Slack's reference, "Block Kit" and "Formatting message
text". Data never becomes markup: ``& < >`` are escaped, so nothing can mention or link; a word in
which mrkdwn could see formatting or an emoji stands in a code span; ``verbatim`` keeps Slack from
linking addresses and names by itself. Lengths are counted in UTF-16 units, the strictest reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from remediator.core.redaction import shorten
from remediator.core.reporting import TOPICS
from remediator.interfaces.report import Report
from remediator.interfaces.report_headline import Need
from remediator.interfaces.report_lines import Item, Kind, Line, Table, clean

SECTION, FIELDS, FIELD, HEADER = 3000, 10, 2000, 150
FALLBACK = 1000  #: of ``text``, which notifications show; Slack cuts it at 40,000
_PART = 1500  #: of one part in the run's main message: all of it must be read at a glance
_REPLY = 3  #: sections in a reply
_LINE = _ROW = 1200
_HEADINGS = {topic: topic.capitalize() for topic in TOPICS if topic}

_FORMATTING = re.compile(
    r"[*~`]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^>|:[a-z+-][\w+-]*:", re.IGNORECASE | re.ASCII
)  #: bold, struck, code, italics at a word's edge, quote, emoji
_STOP = re.compile(r"[,;:.!?)]+$")

Block = dict[str, Any]


def run_message(report: Report) -> tuple[str, list[Block]]:
    """Return the run's one message: (``text``, ``blocks``). What happened and what to do come first."""
    blocks = [_header(report.title), *_pack([_line(Line(report.reason, "Why"))], "", SECTION)]
    if report.advice:
        heading = "What to do now" if report.need is Need.NOW else "What a person can do"
        blocks += _pack([_line(line) for line in report.advice], heading, SECTION)
    fields = [_field(fact) for fact in report.facts]
    blocks.append({"type": "section", "fields": [_mrkdwn(field) for field in fields[:FIELDS]]})
    known = {line.label for line in (*report.facts, *report.advice)} | {"Outcome"}  # what stands above already
    for name, items in report.parts:
        rest = [item for item in items if isinstance(item, Table) or not item.label or item.label not in known]
        blocks += _pack(_lines(rest), name, _PART)
    return _fallback(report), [*blocks, _footer(report)]


def reply(report: Report, topic: str) -> tuple[str, list[Block]]:
    """Return one reply in the thread: the report's part on this topic."""
    heading = _HEADINGS.get(topic, report.word)
    items: list[Item] = [*report.on(topic)] if topic else []
    if not items or topic == "approval":
        items.insert(0, Line(report.reason, "Why"))
    if topic == "approval":
        items += [line for line in report.advice if line.topic == topic]
    text = _fit(escape, f"{report.symbol} {heading}: {report.about}", FALLBACK)
    return text, [*_pack(_lines(items), f"{report.symbol} {mrkdwn(heading)}", SECTION, _REPLY), _footer(report)]


def escalation(report: Report, mention: str = "", to: str = "") -> tuple[str, list[Block]]:
    """Return what people must notice. ``mention`` is the operator's own ``<!here>``; ``to`` whom it is for."""
    head = f"{mention} *{mrkdwn('A person is needed')}*" if mention else "*A person is needed*"
    lines = [head, _line(Line(report.title)), _line(Line(report.reason, "Why"))]
    if to:
        lines.insert(1, _line(Line(f"{clean(to, 60)}; nobody has acknowledged it yet", "For")))
    lines += [_line(line) for line in report.advice]
    text = _fallback(report)
    return (f"{mention} {text}" if mention else text), [*_pack(lines, "", SECTION), _footer(report)]


def escape(text: str) -> str:
    """Return text in which Slack sees no mention, link or entity."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mrkdwn(text: str) -> str:
    """Return data as mrkdwn that shows it as it is."""
    return " ".join(_word(word) if _FORMATTING.search(word) else escape(word) for word in text.split())


def code(text: str) -> str:
    """Return data as a code span. A backtick cannot stand inside one: it becomes an apostrophe."""
    return f"`{escape(text.replace('`', chr(0x27))) or '(empty)'}`"


def _word(word: str) -> str:
    stop = _STOP.search(word)
    end = stop[0] if stop and "(" not in word else ""
    return code(word.removesuffix(end)) + end if len(word) > len(end) else code(word)


def _field(fact: Line) -> str:
    return _fit(lambda text: f"*{fact.label}*\n{mrkdwn(text)}", fact.text, FIELD)


def _lines(items: Iterable[Item]) -> list[str]:
    lines: list[str] = []
    for item in items:
        lines += [_line(item)] if isinstance(item, Line) else _table(item)
    return lines


def _line(line: Line) -> str:
    before = f"• *{line.label}:* " if line.label else "• "
    match line.kind:
        case Kind.CODE:
            return _fit(lambda text: before + code(text), line.text, _LINE)
        case Kind.LINK if len(line.text) < _LINE and "|" not in line.text:
            # Checked and percent-encoded by safe_url; "&" must be escaped even here.
            return f"{before}<{escape(line.text)}>"
        case _:
            return _fit(lambda text: before + mrkdwn(text), line.text, _LINE)


def _table(table: Table) -> list[str]:
    title = _fit(mrkdwn, table.title, _LINE)
    lines = [title if "`" in title else f"*{title}*"]
    room = _ROW // len(table.head)  # so that a row always fits into a part
    for row in table.rows:
        name, *cells = (_fit(code if place in table.code else mrkdwn, cell, room) for place, cell in enumerate(row))
        named = [f"{head}: {cell}" for head, cell in zip(table.head[1:], cells, strict=True)]
        lines.append(f"• {name}: {cells[0]}" if len(cells) == 1 else f"• {name} — {'; '.join(named)}")
    return [*lines, f"… {table.left_out} earlier rows are left out"] if table.left_out else lines


def _pack(lines: list[str], heading: str, limit: int, most: int = 1) -> list[Block]:
    """Return up to ``most`` sections of at most ``limit`` units with as many lines as fit; says what does not."""
    left = list(lines)
    sections: list[str] = []
    while left and len(sections) < most:
        text = f"*{heading}*" if heading and not sections else ""
        room = limit - 80  # for the last line below
        while left and _units(text) + 1 + _units(left[0]) <= room:
            text = f"{text}\n{left.pop(0)}" if text else left.pop(0)
        sections.append(text)
    if left and sections:
        sections[-1] += f"\n… {len(left)} more of {len(lines)} lines; the whole report: `remediator runs show`"
    return [{"type": "section", "text": _mrkdwn(text)} for text in sections]


def _header(title: str) -> Block:
    # emoji: false, so that ":fire:" in a label stays what it is.
    return {"type": "header", "text": {"type": "plain_text", "text": _fit(escape, title, HEADER), "emoji": False}}


def _footer(report: Report) -> Block:
    shown = [f"run {code(report.run)}", f"as of {mrkdwn(report.at)}", "remediator"]
    return {"type": "context", "elements": [_mrkdwn(text) for text in shown]}


def _fallback(report: Report) -> str:
    return _fit(escape, f"{report.title}. {report.reason}", FALLBACK)


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "replace")) // 2


def _fit(render: Callable[[str], str], text: str, limit: int) -> str:
    """Return ``render(text)``, the text cut before it is escaped, so that nothing is cut in two."""
    shown, keep = render(text), len(text)
    while (size := _units(shown)) > limit and keep > 1:
        keep = max(1, min(keep - 1, keep * limit // size))
        shown = render(shorten(text, keep))
    return shown
