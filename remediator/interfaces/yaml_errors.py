"""Says in plain words what PyYAML found wrong with a text's form."""

from __future__ import annotations

import re
from typing import Any

from yaml import MarkedYAMLError, YAMLError

from remediator.core.problems import Problem
from remediator.interfaces.places import source_of

_QUOTE = "put the value in quotes"
_INDENT = "check its indentation, and the quotes and brackets in the lines above"

#: What the parser says (its C form and its Python form), what we say, a hint, whether it began earlier.
_WORDS: tuple[tuple[str, str, str, bool], ...] = (
    (
        r"mapping values are not allowed",
        'a ":" is not allowed here',
        'put the value in quotes if it contains ": "; else check the indentation, and for a missing ":" above',
        False,
    ),
    (r"sequence entries are not allowed", 'a "-" is not allowed here', "begin a list on its own line", False),
    (r"could not find expected ':'", 'a ":" is missing after this key', "", True),
    (r"expected ',' or '([]}])'", 'a "," or a "{0}" is missing for what begins here', "", True),
    (
        r"found unknown escape",
        r"a backslash inside double quotes begins an escape",
        r"write \\, or use ' quotes",
        False,
    ),
    (r"found undefined alias", "no anchor of this name stands above", f"{_QUOTE}, if it is to begin with *", False),
    (r"second occurrence", "this anchor's name is taken already", "", False),
    (
        r"found another document",
        "a second document begins here",
        'a file holds one document: remove the "---"',
        False,
    ),
    (r"unexpected end of stream", "this quote is never closed", "", True),
    (r"expected (?:the )?node content", "a value or a closing bracket is missing here", "", False),
    (r"undefined tag handle", "this tag is not known here", f"{_QUOTE}, if it is to begin with !", False),
    (r"nested deeper|there are more than", "{said}", "", False),
    (
        r"did not find expected (?:key|'-')|expected <block end>",
        "this does not fit the lines above it",
        _INDENT,
        False,
    ),
)
_LONGEST = 120  #: characters of a value that a hint repeats
_TEMPLATE = re.compile(r"(?:\A|[:\-,[]\s+|\[)(\{\{)")


def syntax_problem(error: YAMLError, file: str, lines: tuple[str, ...]) -> Problem:
    """Return the problem that a syntax error means, with the line that it is in."""
    if not isinstance(error, MarkedYAMLError):
        return Problem("this is not YAML: " + " ".join(str(error).split())[:200], file)
    message, hint, line, column = _explain(error, lines)
    return Problem(message, file, line, column, source_of(lines[line - 1], column), hint)


def _explain(error: MarkedYAMLError, lines: tuple[str, ...]) -> tuple[str, str, int, int]:
    line, column = _place(error.problem_mark or error.context_mark, lines)
    text = lines[line - 1]
    template = _TEMPLATE.search(text[: column - 1])
    if template:
        return *unquoted_template(text[template.start(1) :]), line, template.start(1) + 1
    said = error.problem or error.context or "this is not YAML"
    if "cannot start any token" in said:
        return *_bad_start(text[column - 1 : column]), line, column
    for pattern, words, hint, earlier in _WORDS:
        found = re.search(pattern, said)
        if found:
            if earlier:
                line, column = _place(error.context_mark or error.problem_mark, lines)
            return words.format(*found.groups(), said=said), hint, line, column
    context = f"{error.context}: " if error.context and error.problem else ""
    return context + said, "", line, column


def unquoted_template(source: str) -> tuple[str, str]:
    """Return message and hint for a value that begins with ``{{``; ``source`` is the line from there on."""
    value = source.split(" #", maxsplit=1)[0].rstrip()
    told = "a value that begins with {{ must be in quotes"
    if len(value) > _LONGEST or any(char in value.rpartition("}}")[2] for char in ",]}"):
        return told, _QUOTE  # inside a list or mapping in brackets; where it ends cannot be told
    if '"' not in value:
        return told, f'write "{value}"'
    return told, _QUOTE if "'" in value else f"write '{value}'"


def _place(mark: Any, lines: tuple[str, ...]) -> tuple[int, int]:
    """Return line and column, from 1. The end of the text is where its last line with something in it ends."""
    if mark is None:
        return 1, 1
    line, column = mark.line, mark.column
    if line >= len(lines) or (line == len(lines) - 1 and not lines[line].strip()):
        line = next((at for at in range(len(lines) - 1, 0, -1) if lines[at].strip()), 0)
        column = len(lines[line])
    return line + 1, column + 1


def _bad_start(char: str) -> tuple[str, str]:
    if char == "\t":
        return "a tab cannot be used for indentation", "use spaces"
    return f'a value cannot begin with "{char}"', _QUOTE
