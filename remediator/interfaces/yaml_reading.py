"""Reads YAML that people write, and remembers where everything stands.

PyYAML composes the nodes; what they mean is decided here, by YAML 1.2's core schema (chapter
10.3) without its surprises: only ``true`` and ``false`` are booleans (``on``, ``yes`` stay text),
``010``, ``0o17``, ``0x1f``, ``12:30`` and dates stay text, and so does a number too large for a
float (``12e4567``). Only the core tags are known. Keys are always text. Merge keys (``<<``) work
as in YAML 1.1. Size, depth and what aliases expand to are bounded.
"""

from __future__ import annotations

import math
import re
from types import MappingProxyType
from typing import Any

from yaml import MappingNode, Node, ScalarNode, SequenceNode, YAMLError

from remediator.core.problems import Problem
from remediator.errors import ConfigurationError
from remediator.interfaces.places import Document, Path, Place, shorten, source_of, split_lines
from remediator.interfaces.yaml_errors import syntax_problem, unquoted_template
from remediator.interfaces.yaml_nodes import CORE, DEEPEST, MOST_VALUES, PLAIN, compose

LARGEST = 1024 * 1024  #: bytes of UTF-8
MOST_TEXT = 4 * LARGEST  #: characters of all values, each alias counted as all that it stands for
MOST_PROBLEMS = 100  #: told at once

_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,63})")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]{0,63})(?:\.[0-9]{0,64})?|\.[0-9]{1,64})(?:[eE][-+]?[0-9]{1,9})?")


def read_document(text: str, file: str) -> Document:
    """Read one YAML document; an empty text is null.

    Raises ConfigurationError with every duplicate key, unknown tag and the like that was found, or
    with the one syntax error that ends the reading. ``file`` is only a name for the problems.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > LARGEST:
        raise _too_large(file)
    lines = split_lines(text)
    _check_characters(text, file, lines)
    if len(text.encode()) > LARGEST:
        raise _too_large(file)
    try:
        root = compose(text)
    except YAMLError as error:
        # Not "from error": its snippet shows lines as they are, secrets too.
        raise ConfigurationError((syntax_problem(error, file, lines),)) from None
    builder = _Builder(file, lines)
    data = builder.value(root, ()) if root is not None else None
    if builder.problems:
        raise builder.failure()
    builder.places.setdefault((), Place(1, 1))
    return Document(file, text, data, MappingProxyType(builder.places), MappingProxyType(builder.key_places))


def _too_large(file: str) -> ConfigurationError:
    return ConfigurationError((Problem(f"the file is larger than {LARGEST // 1024} KiB", file),))


def _check_characters(text: str, file: str, lines: tuple[str, ...]) -> None:
    foreign = _NOT_YAML.search(text)
    if foreign:
        before = split_lines(text[: foreign.start()])
        line, column = len(before), len(before[-1]) + 1
        message = f"the character U+{ord(foreign[0]):04X} cannot stand in YAML"
        raise ConfigurationError((Problem(message, file, line, column, source_of(lines[line - 1], column)),))


class _Builder:
    """Makes data of nodes; collects places and problems."""

    def __init__(self, file: str, lines: tuple[str, ...]) -> None:
        self.file = file
        self.lines = lines
        self.problems: list[Problem] = []
        self.places: dict[Path, Place] = {}
        self.key_places: dict[Path, Place] = {}
        self._values = 0
        self._text = 0
        self._open: set[int] = set()  #: lists and mappings that we are inside of

    def failure(self) -> ConfigurationError:
        """Return the error that carries all problems, in the order of the file."""
        return ConfigurationError(tuple(sorted(dict.fromkeys(self.problems), key=lambda one: (one.line, one.column))))

    def value(self, node: Node, path: Path) -> Any:
        """Return what a node means; note where it stands."""
        self.places[path] = _place_of(node)
        self._count(node, len(path))
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        expected = "map" if isinstance(node, MappingNode) else "seq"
        if node.tag != CORE + expected:
            self._unknown_tag(node)
            return None
        if not self._enter(node):
            return None
        try:
            if isinstance(node, MappingNode):
                return self._mapping(node, path)
            return [self.value(item, (*path, at)) for at, item in enumerate(node.value)]
        finally:
            self._open.discard(id(node))

    def _count(self, node: Node, depth: int) -> None:
        self._values += 1
        self._text += len(node.value) if isinstance(node, ScalarNode) else 0
        if self._values > MOST_VALUES or self._text > MOST_TEXT:
            self._problem(node, "the document is too large with all that its aliases stand for")
        elif depth > DEEPEST:
            self._problem(node, f"lists and mappings are nested deeper than {DEEPEST} levels")
        elif len(self.problems) < MOST_PROBLEMS:
            return
        raise self.failure()

    def _enter(self, node: Node) -> bool:
        if id(node) in self._open:
            self._problem(node, "this anchor contains an alias of itself")
            return False
        self._open.add(id(node))
        return True

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        made = {}
        for key, (key_node, value_node) in self._entries(node).items():
            self.key_places[*path, key] = _place_of(key_node)
            made[key] = self.value(value_node, (*path, key))
        return made

    def _entries(self, node: MappingNode) -> dict[str, tuple[Node, Node]]:
        """Return a mapping's entries: its own, then those that it merges; what comes first counts."""
        own: dict[str, tuple[Node, Node]] = {}
        merged: list[Node] = []
        for key_node, value_node in node.value:
            self._count(key_node, 0)
            key = self._key(key_node)
            if key is None:
                continue
            if key == "<<" and key_node.tag == PLAIN:
                merged += value_node.value if isinstance(value_node, SequenceNode) else [value_node]
            elif key in own:
                first = own[key][0].start_mark.line + 1
                self._problem(key_node, f'the key "{shorten(key)}" stands here twice', f"it is on line {first} already")
            else:
                own[key] = (key_node, value_node)
        for source in merged:
            for key, entry in self._merge(source).items():
                own.setdefault(key, entry)
        return own

    def _merge(self, source: Node) -> dict[str, tuple[Node, Node]]:
        if not isinstance(source, MappingNode):
            self._problem(source, "<< takes a mapping, or a list of mappings")
            return {}
        if not self._enter(source):
            return {}
        entries = self._entries(source)
        self._open.discard(id(source))
        return entries

    def _key(self, node: Node) -> str | None:
        if not isinstance(node, ScalarNode):
            line, column = node.start_mark.line, node.start_mark.column
            if self.lines[line][column - 1 : column + 1] == "{{":
                message, hint = unquoted_template(self.lines[line][column - 1 :])
                self._problem(node, message, hint, back=1)
            else:
                self._problem(node, "a key must be text")
            return None
        if node.tag not in {PLAIN, CORE + "str"}:
            self._unknown_tag(node)
            return None
        if node.tag == PLAIN and not node.value:
            self._problem(node, 'a key is missing before this ":"')
            return None
        return str(node.value)

    def _scalar(self, node: ScalarNode) -> Any:
        text = node.value
        if node.tag == CORE + "str":
            return text
        value = _plain(text)
        if node.tag == PLAIN or node.tag == CORE + _kind(value):
            return value
        if node.tag == CORE + "float" and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if node.tag in {CORE + "int", CORE + "float", CORE + "bool", CORE + "null"}:
            self._problem(node, f'"{shorten(text)}" is not what its tag says: {_shown_tag(node.tag)}')
        else:
            self._unknown_tag(node)
        return None

    def _unknown_tag(self, node: Node) -> None:
        hint = "put the value in quotes, if it is to begin with !" if isinstance(node, ScalarNode) else ""
        self._problem(node, f"the tag {_shown_tag(node.tag)} is not known here", hint)

    def _problem(self, node: Node, message: str, hint: str = "", back: int = 0) -> None:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1 - back
        source = source_of(self.lines[line - 1] if line <= len(self.lines) else "", column)
        self.problems.append(Problem(message, self.file, line, column, source, hint))


def _plain(text: str) -> str | int | float | bool | None:
    """Return what an untagged plain scalar means."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def _kind(value: object) -> str:
    if value is None:
        return "null"
    return {bool: "bool", int: "int", float: "float"}.get(type(value), "str")


def _shown_tag(tag: str) -> str:
    return shorten(tag.replace(CORE, "!!", 1))


def _place_of(node: Node) -> Place:
    start, end = node.start_mark, node.end_mark
    if not isinstance(node, ScalarNode):
        return Place(start.line + 1, start.column + 1)
    width = end.column - start.column if end.line == start.line else 0
    return Place(start.line + 1, start.column + 1, node.style or "", width)
