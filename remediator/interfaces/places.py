"""Where things stand in a file that a person wrote, and problems that point there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from msgspec import Struct

from remediator.core.problems import Problem
from remediator.core.redaction import HIDDEN, is_secret_name, redact
from remediator.core.unprintable import without_controls

Path = tuple[str | int, ...]
"""The way into a document: ``("rules", 0, "limits", "cooldown")``."""

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what PyYAML counts as one
_WIDEST = 200  #: characters of a line that a problem shows
_LONGEST = 60  #: characters of a value that a message shows
_LOOKED_AT = 5 * _WIDEST  #: characters of a line that are searched for secrets
_KEY = re.compile(r"""([\w.-]{1,200})["']?[ \t]*:[ \t]+(?=\S)""")
_PROPERTIES = re.compile(r"(?:[&!]\S*[ \t]+)*")  # an anchor or a tag before a scalar
#: What stands for one character of the value, by the way it is quoted.
_ONE_CHARACTER = {
    '"': re.compile(r"\\(?:x.{2}|u.{4}|U.{8}|.)|."),
    "'": re.compile(r"''|."),
}


class Place(Struct, frozen=True):
    """Where a key or a value begins. Lines and columns count from 1, columns in characters."""

    line: int
    column: int
    style: str = ""  #: a scalar's quote (``"`` or ``'``) or block sign (``|`` or ``>``); empty for all else
    width: int = 0  #: characters of a scalar that stands on one line; 0 for all else


@dataclass(frozen=True)
class Document:
    """One YAML document and the places of all that is in it. Keys of mappings are always text."""

    file: str
    text: str
    data: Any  #: dicts, lists, text, numbers, booleans and None
    places: Mapping[Path, Place]  #: of values; an item of an alias stands where the anchor is
    key_places: Mapping[Path, Place] = field(default_factory=dict)  #: of the keys of mappings

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The text's lines without their ends."""
        return split_lines(self.text)

    def line(self, number: int) -> str:
        """Return the line with this number (from 1), or an empty text."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def written(self, path: Path) -> str:
        """Return a plain one-line scalar as it is written (``1.10``), or an empty text."""
        place = self.places.get(path)
        if place is None or place.style or not place.width:
            return ""
        source = self.line(place.line)[place.column - 1 : place.column - 1 + place.width]
        return _PROPERTIES.sub("", source, count=1)


def split_lines(text: str) -> tuple[str, ...]:
    """Split a text where PyYAML sees line breaks."""
    return tuple(_LINE_BREAK.split(text))


def shorten(text: str) -> str:
    """Return a value for a message: one line, nothing unprintable, cut."""
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return "".join(char if char.isprintable() else " " for char in cut)


def source_of(line: str, column: int) -> str:
    """Return a line for showing above a caret: without secrets, and only as much as fits.

    Empty when the caret would not stand where it should.
    """
    safe = redact(_without_secret_values(line[:_LOOKED_AT]))
    if column > _WIDEST or safe[: column - 1] != line[: column - 1]:
        return ""
    shown = without_controls(safe, "\N{REPLACEMENT CHARACTER}")
    return shown if len(shown) <= _WIDEST else shown[: _WIDEST - 1] + "…"


def _without_secret_values(line: str) -> str:
    """Hide all that stands after the first key with a secret's name: in YAML a value may have blanks."""
    for key in _KEY.finditer(line):
        if is_secret_name(key[1]):
            return line[: key.end()] + HIDDEN
    return line


def problem_at(
    document: Document,
    path: Path,
    message: str,
    hint: str = "",
    *,
    on_key: bool = False,
    severity: str = "error",
    offset: int = 0,
    name: str = "",
) -> Problem:
    """Return a problem that points into the document.

    A path that does not exist points at its nearest ancestor that does. ``on_key`` points at the
    key instead of the value, where there is one. ``offset`` counts characters into a scalar's
    value; it is followed where the scalar stands on one line, or in a ``|`` block.
    """
    near = path
    while near not in document.places and near:
        near = near[:-1]
    place = document.places.get(near, Place(1, 1))
    if on_key and near in document.key_places:
        place = document.key_places[near]
    elif offset and near == path:
        place = _inside(document, place, path, offset)
    return Problem(
        message=message,
        file=document.file,
        line=place.line,
        column=place.column,
        source=source_of(document.line(place.line), place.column),
        hint=hint,
        severity=severity,
        name=name,
    )


def _inside(document: Document, place: Place, path: Path, offset: int) -> Place:
    """Return the place of one character of a scalar; the scalar's own where it cannot be told."""
    if place.style == "|":
        return _inside_block(document, place, path, offset)
    if not place.width or place.style == ">":
        return place
    start = place.column - 1
    source = document.line(place.line)[start : start + place.width]
    properties = _PROPERTIES.match(source)
    at = properties.end() if properties else 0
    character = _ONE_CHARACTER.get(place.style)
    if character is None:
        return Place(place.line, place.column + min(at + offset, place.width))
    at += 1  # the quote
    for _ in range(offset):
        found = character.match(source, at, len(source) - 1)
        if found is None:
            break
        at = found.end()
    return Place(place.line, place.column + at)


def _inside_block(document: Document, place: Place, path: Path, offset: int) -> Place:
    value = document.data
    for part in path:
        value = value[part]
    before = str(value)[:offset]
    begin = before.rfind("\n") + 1
    written = str(value)[begin:].partition("\n")[0]
    line = place.line + 1 + before.count("\n")
    source = document.line(line)
    if not source.endswith(written):
        return place
    return Place(line, len(source) - len(written) + (len(before) - begin) + 1)
