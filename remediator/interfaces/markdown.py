"""A report as Markdown (CommonMark with GitHub's tables).

Text is data and stays text: a word in which Markdown could see markup, a link or a mention is put
into a code span as a whole, so it can still be read and copied. Nothing else is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from remediator.interfaces.report import Report
from remediator.interfaces.report_lines import Item, Kind, Line, Table

_MARKUP = re.compile(
    r"[\\`*~<@$]"  # escapes, code, emphasis, strikes, HTML, mentions, formulas
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"  # emphasis; inside a word it is none
    r"|\][(:\[]|!\[|\[\^"  # links, definitions, images, footnotes
    r"|://|(?:^|[^a-z0-9])www\.|&#?\w+;"  # bare links, entities
    r"|:[a-z+-][\w+-]*:|#\d|^#+$",  # emoji, issues, the end of a heading
    re.IGNORECASE | re.ASCII,
)
_BLOCK = re.compile(r"[>|]|[-+=#]+$|\d+[.)]$")  #: what means more at the start of a line
_STOP = re.compile(r"[,;:.!?)]+$")
_TICKS = re.compile(r"`+")


def to_markdown(report: Report) -> str:
    """Return the whole report; ends with a line end."""
    blocks = [f"# {_text(report.title)}", _text(report.reason)]
    if report.advice:
        heading = "What to do now" if report.need.value == "now" else "What a person can do"
        blocks.append("\n".join([f"**{heading}**", "", *(_line(line) for line in report.advice)]))
    for name, items in report.parts:
        if items:
            blocks += [f"## {name}", *_items(items)]
    blocks.append(f"Run {_text(report.run)}, as of {report.at}.")
    return "\n\n".join(blocks) + "\n"


def _items(items: tuple[Item, ...]) -> list[str]:
    """Lines that follow each other are one list."""
    blocks: list[str] = []
    lines: list[str] = []
    for item in items:
        if isinstance(item, Line):
            lines.append(_line(item))
            continue
        if lines:
            blocks.append("\n".join(lines))
            lines = []
        blocks += [f"**{_text(item.title)}**", _table(item)]
    return [*blocks, "\n".join(lines)] if lines else blocks


def _line(line: Line) -> str:
    match line.kind:
        case Kind.CODE:
            text = _code(line.text)
        case Kind.LINK:
            text = f"<{line.text}>"  # checked and percent-encoded by safe_url
        case Kind.TEXT:
            text = _text(line.text)
    return f"- **{line.label}:** {text}" if line.label else f"- {text}"


def _table(table: Table) -> str:
    rows = [_row(table.head), _row("---" for _ in table.head)]
    rows += [_row(_code(c) if n in table.code else _text(c) for n, c in enumerate(row)) for row in table.rows]
    left = f"\n\n{table.left_out} earlier rows are left out." if table.left_out else ""
    return "\n".join(rows) + left


def _row(cells: Iterable[str]) -> str:
    # A pipe ends a cell even inside a code span, unless it is escaped (GFM, "Tables"). Renderers differ on
    # two backslashes before a pipe, so a blank keeps them apart.
    shown = (cell.replace("\\|", "\\ |").replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(shown)} |"


def _text(text: str) -> str:
    words = text.split()
    shown = [_word(word) if _MARKUP.search(word) else word for word in words]
    if words and _BLOCK.match(words[0]):
        shown[0] = _code(words[0])
    return " ".join(shown)


def _word(word: str) -> str:
    """Return a code span; punctuation that ends the word stays outside."""
    stop = _STOP.search(word)
    end = stop[0] if stop and "(" not in word else ""
    return _code(word.removesuffix(end)) + end if len(word) > len(end) else _code(word)


def _code(text: str) -> str:
    """Return a code span; its fence is longer than any run of backticks inside (CommonMark, 6.1)."""
    text = text or "(empty)"
    longest = max((len(run) for run in _TICKS.findall(text)), default=0)
    fence = "`" * (longest + 1)
    edge = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{edge}{text}{edge}{fence}"
