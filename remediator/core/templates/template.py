"""Templates: literal text with ``{{ expressions }}`` in it, compiled once, rendered often."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from msgspec import Struct

from remediator.core.action import Lands
from remediator.core.escaping import Check, Escapes, Pieces, escapes_for
from remediator.core.expressions.compiler import Chain, Expression, compile_expression
from remediator.core.expressions.lookups import Scope
from remediator.core.expressions.values import TEXT_LIMIT, plain, sound
from remediator.errors import RenderError, TemplateError

Render = Callable[[Scope], object]

_HOLES_LIMIT = 128
#: One expression up to its closing braces; braces in its texts don't close it.
#: No possessive repeats: Python 3.11.2, Debian 12's, does not find a match when one holds a look-ahead.
_HOLE = re.compile(r"\{\{((?:[^'\"}]|\}(?!\})|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")*)\}\}", re.DOTALL)


class Template(Struct, frozen=True):
    """A compiled template."""

    source: str
    lands: Lands
    names: frozenset[Chain]  #: every chain that it asks for: ``("steps", "pool", "used_share")``
    is_literal: bool  #: nothing in it is rendered
    _render: Render

    def render(self, scope: Scope) -> object:
        """Return the value for these names.

        A source that is exactly one ``{{ }}`` and lands as text keeps the value's type (a copy of
        it, in JSON's types); all else gives str. Raises RenderError when a value is missing, must
        not land there, or is too large (64 Ki characters), UnknownValueError when it is unknown.
        """
        return self._render(scope)


def is_templated(value: str) -> bool:
    """Whether there is something to render, or something that only looks like it and is refused at load."""
    return "{{" in value or "{%" in value


@lru_cache(maxsize=4096)
def compile_template(source: str, lands: Lands = Lands.TEXT) -> Template:
    """Compile a template for the place where it lands. TemplateError with an offset when it cannot be."""
    if len(source) > TEXT_LIMIT:
        raise TemplateError(f"a template has at most {TEXT_LIMIT} characters", 0)
    pieces, expressions = _split(source)
    try:
        sound("".join(pieces.literals))
    except RenderError as error:
        raise TemplateError(str(error), 0) from error
    names = frozenset(name for expression in expressions for name in expression.names)
    escapes = escapes_for(lands, pieces)
    render: Render
    if not expressions:
        render = _literal(source)
    elif lands is Lands.TEXT and pieces.literals == ("", ""):
        render = _value(expressions[0])
    else:
        render = _text(pieces.literals, expressions, escapes)
    return Template(source, lands, names, not expressions, render)


def literals_of(source: str) -> tuple[str, ...]:
    """Return the literal pieces of a template's source; a value stands between each two. Raises TemplateError."""
    return _split(source)[0].literals


@lru_cache(maxsize=4096)
def _split(source: str) -> tuple[Pieces, tuple[Expression, ...]]:
    literals, starts, expressions, at = list[str](), list[int](), list[Expression](), 0
    while (begin := source.find("{{", at)) >= 0:
        literals.append(_without_statements(source[at:begin], at))
        starts.append(at)
        found = _HOLE.match(source, begin)
        if found is None:
            raise TemplateError('"{{" is never closed; for the braces themselves write {{ "{{" }}', begin)
        expressions.append(_expression(found[1], begin + 2))
        at = found.end()
        if len(expressions) > _HOLES_LIMIT:
            raise TemplateError(f"a template has at most {_HOLES_LIMIT} values", begin)
    literals.append(_without_statements(source[at:], at))
    starts.append(at)
    return Pieces(tuple(literals), tuple(starts)), tuple(expressions)


def _without_statements(literal: str, start: int) -> str:
    if (at := literal.find("{%")) >= 0:
        raise TemplateError('statements are not allowed in a template; for the characters write {{ "{%" }}', start + at)
    return literal


def _expression(source: str, start: int) -> Expression:
    if not source.strip():
        raise TemplateError("there is nothing between the braces", start)
    if source[0] == "{":
        raise TemplateError('three braces: leave a blank between a literal "{" and "{{"', start)
    if source[0] in "+-" or source[-1] in "+-":
        raise TemplateError("white space is not cut here: leave a blank between {{ or }} and the sign", start)
    return compile_expression(source, start)


def _literal(source: str) -> Render:
    return lambda _scope: source


def _value(expression: Expression) -> Render:
    evaluate = expression.evaluate

    def render(scope: Scope) -> object:
        try:
            value = evaluate(scope)
            if type(value) is str:
                return sound(value)
            return plain(value)
        except RenderError as error:
            raise _named(error, expression) from error

    return render


def _text(literals: tuple[str, ...], expressions: tuple[Expression, ...], escapes: Escapes) -> Render:
    first, check = literals[0], escapes.check
    rest: tuple[tuple[Expression, Any, Any, str], ...] = tuple(
        (expression, expression.evaluate, put, literal)
        for expression, put, literal in zip(expressions, escapes.puts, literals[1:], strict=True)
    )

    def render(scope: Scope) -> object:
        made, last = [first], rest[0][0]
        try:
            for expression, evaluate, put, literal in rest:
                last = expression
                made.append(put(evaluate(scope)))
                made.append(literal)
        except RenderError as error:
            raise _named(error, last) from error
        return _finished("".join(made), check)

    return render


def _finished(made: str, check: Check | None) -> str:
    if check is not None:
        check(made)
    return sound(made)


def _named(error: RenderError, expression: Expression) -> RenderError:
    """Return the same error with the expression's source before it; the class says missing or unknown."""
    return type(error)(f"{{{{ {expression.source[:80]} }}}}: {error}")
