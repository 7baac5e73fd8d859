"""Comments that switch checks off: ``# remediator disable NAME[, NAME]: why``, for a line, an item or a file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct
from yaml import MappingNode, Node, ScalarNode

from remediator.core.problems import Problem, nearest
from remediator.interfaces.documents import Document
from remediator.interfaces.yaml_nodes import compose

_COMMENT = re.compile(r"#\s*remediator\s+(disable-file|disable)\b[ \t]*([^:#]*?)[ \t]*(?::[ \t]*(.*?))?[ \t]*$")
_WIDE = 1 << 30  #: a column behind every line's end
_NAME = re.compile(r"[\w-]+")


class Switches(Struct, frozen=True):
    """What a file's comments switch off."""

    everywhere: frozenset[str] = frozenset()
    lines: dict[int, frozenset[str]] | None = None  #: by the line that a comment is about
    items: tuple[tuple[int, int, frozenset[str]], ...] = ()  #: rules and guides: first line, last line, names

    def off(self, name: str, line: int) -> bool:
        """Whether a check is switched off at a line."""
        if name in self.everywhere or name in (self.lines or {}).get(line, ()):
            return True
        return any(first <= line <= last and name in names for first, last, names in self.items)


def read_switches(document: Document, known: tuple[str, ...]) -> tuple[Switches, list[Problem]]:
    """Return what the comments switch off, and what is wrong with them. Without a reason nothing is."""
    problems: list[Problem] = []
    everywhere: set[str] = set()
    lines: dict[int, set[str]] = {}
    for number, column, text, alone in _comments(document):
        found = _COMMENT.match(text)
        if found is None:
            continue
        kind, listed, reason = found[1], found[2], found[3]
        names = _NAME.findall(listed)
        problems += _wrong(document, number, column, names, reason or "", known)
        if not reason:
            continue
        if kind == "disable-file":
            everywhere.update(names)
        else:
            lines.setdefault(_about(document, number) if alone else number, set()).update(names)
    frozen = {line: frozenset(names) for line, names in lines.items()}
    items = tuple((first, last, frozen[first]) for first, last in _items(document) if first in frozen)
    return Switches(frozenset(everywhere), frozen, items), problems


def _wrong(
    document: Document, line: int, column: int, names: list[str], reason: str, known: tuple[str, ...]
) -> Iterator[Problem]:
    source = document.line(line)
    for name in names:
        if name not in known:
            hint = nearest(name, known)
            yield Problem(f'there is no check "{name}"', document.file, line, column, source, hint, "warning",
                          "unknown-check")  # fmt: skip
    if not names:
        yield Problem("the comment names no check", document.file, line, column, source, nearest("", known), "warning",
                      "unknown-check")  # fmt: skip
    elif not reason:
        shown = ", ".join(names)
        yield Problem(f"{shown} stays on: the comment gives no reason", document.file, line, column, source,
                      f"write # remediator disable {shown}: why", "warning", "disable-without-reason")  # fmt: skip


def _about(document: Document, number: int) -> int:
    """Return the line that a comment on a line of its own is about: the next that is more than a comment."""
    for line in range(number + 1, len(document.lines) + 1):
        text = document.line(line).strip()
        if text and not text.startswith("#"):
            return line
    return number


def _items(document: Document) -> Iterator[tuple[int, int]]:
    """Yield the first and the last line of every rule and every guide."""
    two = 2  # the list or mapping, and the place in it
    items = {place.line for path, place in document.places.items() if path[:1] == ("rules",) and len(path) == two}
    items |= {place.line for path, place in document.key_places.items() if path[:1] == ("guides",) and len(path) == two}
    # What follows is no part of the item before it.
    heads = {place.line for path, place in document.key_places.items() if len(path) == 1}
    ordered = sorted(items | heads)
    for first, end in zip(ordered, [*ordered[1:], len(document.lines) + 1], strict=True):
        if first in items:
            yield first, end - 1


def _comments(document: Document) -> Iterator[tuple[int, int, str, bool]]:
    """Yield line, column, text of each comment about checks, and whether it stands alone on its line."""
    inside = _scalar_lines(document.text) if "remediator" in document.text else {}
    for number, line in enumerate(document.lines, 1):
        for found in re.finditer(r"(?:(?<=\s)|^)#\s*remediator\s+disable", line):
            at = found.start()
            if not any(begin <= at < end for begin, end in inside.get(number, ())):
                yield number, at + 1, line[at:], not line[:at].strip()
                break


def _scalar_lines(text: str) -> dict[int, list[tuple[int, int]]]:
    """Return by line the columns (from 0) that quoted and block texts cover: what stands in them is no comment."""
    covered: dict[int, list[tuple[int, int]]] = {}
    for node in _scalars(compose(text)):
        start, end = node.start_mark, node.end_mark
        quoted = node.style in ("'", '"')
        last = end.line if quoted else end.line - (end.column == 0)
        for line in range(start.line, last + 1):
            if not quoted and line == start.line:
                continue  # behind the sign of a block a comment may stand
            begin = start.column if line == start.line else 0
            covered.setdefault(line + 1, []).append((begin, end.column if quoted and line == end.line else _WIDE))
    return covered


def _scalars(root: Node | None) -> Iterator[ScalarNode]:
    """Yield every quoted and block text, each once, though aliases lead to it again."""
    ahead, seen = [root], set[int]()
    while ahead:
        node = ahead.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, ScalarNode):
            if node.style:
                yield node
        elif isinstance(node, MappingNode):
            ahead += [each for pair in node.value for each in pair]
        else:
            ahead += node.value
