"""Expressions: Jinja2's syntax, an allow-list of it, compiled to Python callables.

Jinja2 only parses. What may stand in an expression is listed here, and evaluated by functions of
ours (``core.expressions.values``), so that there is no way from a value to a Python attribute: ``labels.items``
is the label called "items". No statements, no calls, no slices, no ``**``.

Allowed: names, ``a.b``, ``a['b']``, ``a[0]``, constants, lists, ``== != < <= > >= in``, ``and or
not``, ``x if y else z``, ``+ - * / // %`` on numbers, ``~`` to join texts, the filters and tests of
``core.expressions.filters``, ``default`` and ``is defined``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NoReturn

from jinja2 import nodes
from msgspec import Struct

from remediator.core.expressions.filters import FILTERS, TESTS
from remediator.core.expressions.lookups import Evaluate, default, is_defined, keyed, may_be_missing, walk
from remediator.core.expressions.operations import ARITHMETIC, COMPARISONS, arithmetic, comparison, joined, named
from remediator.core.expressions.syntax import DEPTH_LIMIT, chain_of, line_start, parse, show_chain
from remediator.core.expressions.values import number, truth
from remediator.core.problems import nearest
from remediator.errors import RenderError, TemplateError

Chain = tuple[str, ...]

_CHAIN_LIMIT = 16
_DEFAULT_TAKES = 2  #: what stands in, and whether also for what is empty
_NAMES_FOR_NODES: dict[type[nodes.Node], str] = {
    nodes.Call: "calls", nodes.Slice: "slices", nodes.Pow: "powers (**)", nodes.Dict: "mappings",
}  # fmt: skip


class Read(Struct, frozen=True):
    """One chain that an expression asks for, as far as its keys are constant."""

    chain: Chain  #: ``("steps", "pool", "used_share")``
    evaluate: Evaluate


class Expression(Struct, frozen=True):
    """A compiled expression."""

    source: str
    node: nodes.Expr  #: its syntax
    reads: tuple[Read, ...]
    evaluate: Evaluate  #: RenderError, MissingValueError or UnknownValueError

    @property
    def names(self) -> tuple[Chain, ...]:
        """The chains that it asks for."""
        return tuple(read.chain for read in self.reads)


@lru_cache(maxsize=4096)  # a guide's conditions are asked for at each of its loads, checks and plans
def compile_expression(source: str, start: int = 0) -> Expression:
    """Compile one expression; ``start`` is its offset in what a person wrote, for TemplateError."""
    return compile_node(parse(source, start), source, start)


def compile_node(node: nodes.Expr, source: str, start: int = 0) -> Expression:
    """Compile a part of an expression's syntax; ``source`` is the whole expression."""
    compiler = _Compiler(source, start)
    evaluate = compiler.compile(node, 0)
    return Expression(source.strip(), node, tuple(compiler.reads.values()), evaluate)


class _Compiler:
    """Compiles one expression's nodes; a node that has no method here is not allowed."""

    def __init__(self, source: str, start: int) -> None:
        self._source = source
        self._start = start
        self.reads: dict[Chain, Read] = {}

    def compile(self, node: nodes.Node, depth: int) -> Evaluate:
        make = _MAKERS.get(type(node))
        if make is None:
            what = _NAMES_FOR_NODES.get(type(node), f'"{type(node).__name__.lower()}"')
            self._refuse(node, f"{what} are not allowed in an expression")
        if depth > DEPTH_LIMIT:
            self._refuse(node, "too many operations in one another")
        return make(self, node, depth + 1)

    def _refuse(self, node: nodes.Node, message: str, word: str = "") -> NoReturn:
        line = line_start(self._source, node.lineno or 1)
        found = self._source.find(word, line) if word else -1
        raise TemplateError(message, self._start + max(line, found))

    def constant(self, node: nodes.Const, _depth: int) -> Evaluate:
        value = node.value
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                number(value)
            except RenderError as error:
                raise TemplateError(str(error), self._start) from error
        return lambda _scope: value

    def array(self, node: nodes.List | nodes.Tuple, depth: int) -> Evaluate:
        items = [self.compile(item, depth) for item in node.items]
        return lambda scope: [item(scope) for item in items]

    def look_up(self, node: nodes.Name | nodes.Getattr | nodes.Getitem, depth: int) -> Evaluate:
        chain = chain_of(node)
        if chain is not None or isinstance(node, nodes.Name):
            return self._constant_chain(node, chain or ())
        if isinstance(node, nodes.Getattr):
            self._check_key(node, node.attr, "_")
            key = self.constant(nodes.Const(node.attr), depth)
        else:
            key = self.compile(node.arg, depth)
        return keyed(self.compile(node.node, depth), key)

    def _constant_chain(self, node: nodes.Node, chain: tuple[str | int, ...]) -> Evaluate:
        if len(chain) > _CHAIN_LIMIT:
            self._refuse(node, "too many names in one another")
        link = node
        while isinstance(link, (nodes.Getattr, nodes.Getitem)):
            if isinstance(link, nodes.Getattr):
                self._check_key(link, link.attr, "_")
            elif isinstance(link.arg, nodes.Const):
                self._check_key(link, link.arg.value, "__")
            link = link.node
        self._check_key(node, chain[0], "_")
        evaluate, names = walk(chain), tuple(str(key) for key in chain)
        self.reads[names] = Read(names, evaluate)
        return evaluate

    def _check_key(self, node: nodes.Node, key: object, forbidden: str) -> None:
        if isinstance(key, bool) or not isinstance(key, (str, int)):
            self._refuse(node, "a key is text or a whole number")
        if isinstance(key, str) and key.startswith(forbidden):
            # `labels['_tenant']` is a label that may exist; the dot form looks like Python's insides.
            self._refuse(node, f'"{key}": names that begin with {forbidden} are not allowed', key)

    def compare(self, node: nodes.Compare, depth: int) -> Evaluate:
        first = self.compile(node.expr, depth)
        sides = [node.expr, *(operand.expr for operand in node.ops)]
        what = ", ".join(show_chain(chain) for side in sides if (chain := chain_of(side)))
        rest = []
        for operand in node.ops:
            holds = COMPARISONS[operand.op]
            rest.append((named(holds, what) if what else holds, self.compile(operand.expr, depth)))
        return comparison(first, rest)

    def both(self, node: nodes.And, depth: int) -> Evaluate:
        left, right = self.compile(node.left, depth), self.compile(node.right, depth)
        return lambda scope: truth(left(scope)) and truth(right(scope))

    def either(self, node: nodes.Or, depth: int) -> Evaluate:
        left, right = self.compile(node.left, depth), self.compile(node.right, depth)
        return lambda scope: truth(left(scope)) or truth(right(scope))

    def opposite(self, node: nodes.Not, depth: int) -> Evaluate:
        inner = self.compile(node.node, depth)
        return lambda scope: not truth(inner(scope))

    def conditional(self, node: nodes.CondExpr, depth: int) -> Evaluate:
        if node.expr2 is None:
            self._refuse(node, '"if" needs an "else"', "if")
        test, this = self.compile(node.test, depth), self.compile(node.expr1, depth)
        that = self.compile(node.expr2, depth)
        return lambda scope: this(scope) if truth(test(scope)) else that(scope)

    def arithmetic(self, node: nodes.BinExpr, depth: int) -> Evaluate:
        left, right = self.compile(node.left, depth), self.compile(node.right, depth)
        return arithmetic(ARITHMETIC[type(node)], left, right)

    def sign(self, node: nodes.Neg | nodes.Pos, depth: int) -> Evaluate:
        inner, apply = self.compile(node.node, depth), operator.neg if isinstance(node, nodes.Neg) else operator.pos
        return lambda scope: apply(number(inner(scope)))

    def joined(self, node: nodes.Concat, depth: int) -> Evaluate:
        return joined([self.compile(each, depth) for each in node.nodes])

    def filtered(self, node: nodes.Filter, depth: int) -> Evaluate:
        if node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
            self._refuse(node, f"{node.name} takes its arguments by position", node.name)
        if node.name in {"default", "d"}:
            return self._default(node, depth)
        known = FILTERS.get(node.name)
        if known is None or node.node is None:
            message = f'there is no filter "{node.name}"; {nearest(node.name, [*FILTERS, "default"])}'
            self._refuse(node, message, node.name)
        if not known.least <= len(node.args) <= known.most:
            self._refuse(node, f"{node.name} takes {_range(known.least, known.most)}", node.name)
        value, args = self.compile(node.node, depth), [self.compile(arg, depth) for arg in node.args]
        apply = known.apply
        if not args:
            return lambda scope: apply(value(scope))
        return lambda scope: apply(value(scope), *[arg(scope) for arg in args])

    def _default(self, node: nodes.Filter, depth: int) -> Evaluate:
        if not 1 <= len(node.args) <= _DEFAULT_TAKES or node.node is None or not may_be_missing(node.node):
            self._refuse(node, "default stands right after what it is for: labels.team | default('none')", node.name)
        value, instead = self.compile(node.node, depth), self.compile(node.args[0], depth)
        return default(value, instead, self.compile(node.args[1], depth) if node.args[1:] else None)

    def tested(self, node: nodes.Test, depth: int) -> Evaluate:
        if node.args or node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
            self._refuse(node, f'the test "{node.name}" takes no arguments', node.name)
        if node.name in {"defined", "undefined"}:
            if not may_be_missing(node.node):
                self._refuse(node, f'"is {node.name}" stands right after a name: labels.team is defined', node.name)
            return is_defined(self.compile(node.node, depth), wanted=node.name == "defined")
        apply = TESTS.get(node.name)
        if apply is None:
            hint = nearest(node.name, [*TESTS, "defined", "undefined"])
            self._refuse(node, f'there is no test "{node.name}"; {hint}', node.name)
        value = self.compile(node.node, depth)
        return lambda scope: apply(value(scope))


def _range(least: int, most: int) -> str:
    if least == most:
        return f"{most or 'no'} argument{'' if most == 1 else 's'}"
    return f"{least} to {most} arguments"


_MAKERS: dict[type[nodes.Node], Callable[[_Compiler, Any, int], Evaluate]] = {
    nodes.Const: _Compiler.constant,
    nodes.List: _Compiler.array,
    nodes.Tuple: _Compiler.array,
    nodes.Name: _Compiler.look_up,
    nodes.Getattr: _Compiler.look_up,
    nodes.Getitem: _Compiler.look_up,
    nodes.Compare: _Compiler.compare,
    nodes.And: _Compiler.both,
    nodes.Or: _Compiler.either,
    nodes.Not: _Compiler.opposite,
    nodes.CondExpr: _Compiler.conditional,
    nodes.Neg: _Compiler.sign,
    nodes.Pos: _Compiler.sign,
    nodes.Concat: _Compiler.joined,
    nodes.Filter: _Compiler.filtered,
    nodes.Test: _Compiler.tested,
    **dict.fromkeys(ARITHMETIC, _Compiler.arithmetic),
}
"""The allow-list of syntax."""
