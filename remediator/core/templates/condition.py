"""Conditions: plain expressions that hold or don't, and say why."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from jinja2 import nodes
from msgspec import Struct

from remediator.core.expressions.compiler import Chain, Expression, Read, compile_expression, compile_node
from remediator.core.expressions.lookups import Scope
from remediator.core.expressions.syntax import show_chain
from remediator.core.expressions.values import kind, number, truth
from remediator.errors import RenderError, TemplateError, UnknownValueError

Because = Callable[[Scope], tuple[Read, ...]]

_SHOWN = 4
_CHARACTERS = 40


class Holds(Struct, frozen=True):
    """Whether a condition holds."""

    value: bool  #: false also when it cannot be told
    reason: str  #: the values that decided, in short: ``steps.pool.used_share = 0.4``; or what is wrong
    unknown: bool = False  #: it touched a value that nobody knows


class Condition(Struct, frozen=True):
    """A compiled condition."""

    source: str
    names: frozenset[Chain]  #: every chain that it asks for
    _expression: Expression
    _because: Because

    def holds(self, scope: Scope) -> Holds:
        """Judge; never raises. What is unknown, missing, or not true or false does not hold."""
        try:
            value = truth(self._expression.evaluate(scope))
            reason = ", ".join(_shown(read, scope) for read in self._because(scope)[:_SHOWN])
        except UnknownValueError as error:
            return Holds(value=False, reason=str(error), unknown=True)
        except RenderError as error:
            return Holds(value=False, reason=str(error))
        return Holds(value=value, reason=reason or f"{self.source} is always {'true' if value else 'false'}")


@lru_cache(maxsize=1024)
def compile_condition(source: str) -> Condition:
    """Compile an expression without braces. TemplateError with an offset when that cannot be."""
    if "{{" in source or "{%" in source:
        raise TemplateError("a condition is written without braces: steps.pool.used_share > 0.85", source.index("{"))
    if not source.strip():
        raise TemplateError("the condition is empty", 0)
    expression = compile_expression(source)
    if _gives_no_truth(expression.node):
        raise TemplateError("a condition must be true or false; compare the value with something", 0)
    return Condition(source.strip(), frozenset(expression.names), expression, _because(expression.node, source))


def _gives_no_truth(node: nodes.Expr) -> bool:
    if isinstance(node, nodes.Const):
        return not isinstance(node.value, bool)
    if isinstance(node, nodes.BinExpr):
        return not isinstance(node, (nodes.And, nodes.Or))
    return isinstance(node, (nodes.Concat, nodes.Neg, nodes.Pos, nodes.List, nodes.Tuple))


def _because(node: nodes.Expr, source: str) -> Because:
    """Return what finds the reads that decided: of ``a and b`` the side that is false, of ``a or b`` the true one."""
    if isinstance(node, nodes.Not) and isinstance(node.node, nodes.Expr):
        return _because(node.node, source)
    if not isinstance(node, (nodes.And, nodes.Or)):
        reads = compile_node(node, source).reads
        return lambda _scope: reads
    decides = isinstance(node, nodes.Or)  # the value of one side that decides for both
    sides = [(compile_node(side, source).evaluate, _because(side, source)) for side in (node.left, node.right)]

    def reads_of(scope: Scope) -> tuple[Read, ...]:
        found: tuple[Read, ...] = ()
        for evaluate, because in sides:
            if evaluate(scope) is decides:
                return because(scope)
            found += because(scope)
        return found

    return reads_of


def _shown(read: Read, scope: Scope) -> str:
    name = show_chain(read.chain)
    try:
        value = read.evaluate(scope)
        return f"{name} = {_short(value)}"
    except UnknownValueError:
        return f"{name} is unknown"
    except RenderError:
        return f"{name} is missing"


def _short(value: object) -> str:
    if isinstance(value, str):
        printable = "".join(char if char.isprintable() else "·" for char in value[: _CHARACTERS + 1])
        return f'"{printable[:_CHARACTERS]}{"…" if len(printable) > _CHARACTERS else ""}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(number(value)) if kind(value) == "a number" else kind(value)
