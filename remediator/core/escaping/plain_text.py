"""Text and arguments: nothing is escaped, some things are refused.

An argument is handed to the operating system as it is (no shell), so blanks, quotes and line breaks
in it are harmless and allowed; a NUL would end it early. A value must not turn an operand into an
option: neither by a leading ``-`` of its own, nor by finishing an option whose name is not literal.
An empty argument stays an argument.
"""

from __future__ import annotations

from remediator.core.escaping.pieces import Escapes, Pieces
from remediator.core.expressions.values import text
from remediator.errors import RenderError, TemplateError


def of_text(pieces: Pieces) -> Escapes:
    """Values become text; NUL and size are asked of every result."""
    return Escapes((text,) * (len(pieces.literals) - 1))


def of_argument(pieces: Pieces) -> Escapes:
    """One argument of a command."""
    first = pieces.literals[0]
    if len(pieces.literals) > 1 and first and not first.strip("-"):
        raise TemplateError("the name of an option must be literal: a value right after - could be any option", 0)
    return Escapes((text,) * (len(pieces.literals) - 1), None if first else _is_no_option)


def of_literal(pieces: Pieces) -> Escapes:
    """What must not depend on anything that others wrote: no value may land there."""
    if len(pieces.literals) > 1:
        raise TemplateError("this must be literal; a template can choose a connection instead", pieces.hole(0))
    return Escapes(())


def _is_no_option(argument: str) -> None:
    if argument.startswith("-"):
        raise RenderError("a value must not make the argument an option: it begins with -")
