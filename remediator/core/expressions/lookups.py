"""Getting a value out of a scope: chains of keys, and what asks whether there is anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from jinja2 import nodes

from remediator.core.expressions.syntax import show_chain
from remediator.core.expressions.values import MissingValueError, part, text, truth
from remediator.errors import RenderError

Scope = Mapping[str, object]
Evaluate = Callable[[Scope], object]

_MAY_BE_EMPTY = frozenset({"first", "last", "min", "max"})


def walk(chain: tuple[str | int, ...]) -> Evaluate:
    """Return what looks up ``steps.pool.used_share``: root first, then key by key."""
    root = str(chain[0])
    steps = tuple((chain[at], show_chain(chain[: at + 1])) for at in range(1, len(chain)))
    if len(steps) == 1:
        key, shown = steps[0]
        return lambda scope: part(_root(scope, root), key, shown)

    def look_up(scope: Scope) -> object:
        value = _root(scope, root)
        for key, shown in steps:
            value = part(value, key, shown)
        return value

    return look_up


def _root(scope: Scope, root: str) -> object:
    try:
        return scope[root]
    except KeyError:
        raise RenderError(f'there is no "{root}" here') from None


def keyed(base: Evaluate, key: Evaluate) -> Evaluate:
    """Return what looks up a key that is itself calculated: ``labels[params.which]``."""

    def look_up(scope: Scope) -> object:
        wanted = key(scope)
        shown = text(wanted)
        if shown.startswith("__"):
            raise RenderError("keys that begin with __ are not allowed")
        return part(base(scope), wanted, f'"{shown[:60]}"')

    return look_up


def may_be_missing(node: nodes.Node | None) -> bool:
    """Whether absence is a fair question here: after a name, a key, or the first of a list.

    Anywhere else ``default`` would hide a mistake inside of a longer expression.
    """
    while not isinstance(node, nodes.Name):
        if isinstance(node, (nodes.Getattr, nodes.Getitem)) or (
            isinstance(node, nodes.Filter) and node.name in _MAY_BE_EMPTY
        ):
            node = node.node
        else:
            return False
    return True


def is_defined(value: Evaluate, *, wanted: bool) -> Evaluate:
    """Return what answers ``is defined`` (wanted) or ``is undefined``. Unknown is neither."""

    def ask(scope: Scope) -> bool:
        try:
            value(scope)
        except MissingValueError:
            return not wanted
        return wanted

    return ask


def default(value: Evaluate, instead: Evaluate, also_empty: Evaluate | None) -> Evaluate:
    """Return what stands in for a missing value; ``default('x', true)`` for an empty one, too, as in Jinja2."""

    def choose(scope: Scope) -> object:
        try:
            found = value(scope)
        except MissingValueError:
            return instead(scope)
        return instead(scope) if also_empty and truth(also_empty(scope)) and _empty(found) else found

    return choose


def _empty(value: object) -> bool:
    return value is None or value is False or (isinstance(value, (str, list, tuple, Mapping)) and not value)
