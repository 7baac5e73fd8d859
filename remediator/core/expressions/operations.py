"""Comparing, calculating and joining, as callables on a scope."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from jinja2 import nodes

from remediator.core.expressions.lookups import Evaluate, Scope
from remediator.core.expressions.values import TEXT_LIMIT, contains, equal, number, order, text
from remediator.errors import RenderError, UnknownValueError

Compare = Callable[[Any, Any], bool]


def named(holds: Compare, what: str) -> Compare:
    """Return the comparison, with what is compared (``labels.code``) in its errors."""

    def judge(left: object, right: object) -> bool:
        try:
            return holds(left, right)
        except UnknownValueError:
            raise
        except RenderError as error:
            raise RenderError(f"{what}: {error}") from error

    return judge


def comparison(first: Evaluate, rest: Sequence[tuple[Compare, Evaluate]]) -> Evaluate:
    """Return what compares two values, or a chain of them: ``0 < x <= 1``."""
    if len(rest) == 1:
        holds, right = rest[0]
        return lambda scope: holds(first(scope), right(scope))

    def chained(scope: Scope) -> bool:
        left = first(scope)
        for holds, right in rest:
            value = right(scope)
            if not holds(left, value):
                return False
            left = value
        return True

    return chained


def arithmetic(apply: Callable[[Any, Any], Any], left: Evaluate, right: Evaluate) -> Evaluate:
    """Return what calculates with two numbers; the result is a finite number of reasonable size."""

    def calculate(scope: Scope) -> int | float:
        try:
            return number(apply(number(left(scope)), number(right(scope))))
        except ArithmeticError as error:
            raise RenderError(str(error)) from error

    return calculate


def joined(pieces: Sequence[Evaluate]) -> Evaluate:
    """Return what makes one text of several values."""

    def join(scope: Scope) -> str:
        made = [text(piece(scope)) for piece in pieces]
        if sum(map(len, made)) > TEXT_LIMIT:
            raise RenderError(f"more than {TEXT_LIMIT} characters")
        return "".join(made)

    return join


COMPARISONS: dict[str, Compare] = {
    "eq": equal,
    "ne": lambda left, right: not equal(left, right),
    "lt": lambda left, right: order(left, right) < 0,
    "gt": lambda left, right: order(left, right) > 0,
    "lteq": lambda left, right: order(left, right) <= 0,
    "gteq": lambda left, right: order(left, right) >= 0,
    "in": lambda item, container: contains(container, item),
    "notin": lambda item, container: not contains(container, item),
}

ARITHMETIC: dict[type[nodes.Node], Callable[[Any, Any], Any]] = {
    nodes.Add: operator.add,
    nodes.Sub: operator.sub,
    nodes.Mul: operator.mul,
    nodes.Div: operator.truediv,
    nodes.FloorDiv: operator.floordiv,
    nodes.Mod: operator.mod,
}
