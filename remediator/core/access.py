"""Which rights rules need at a backend, from what their actions declare. Pure.

A namespace or a name that an alert will bring is not known here: it is taken from an explicit list that a
person gave, and where there is none that is a gap, said with rule, step and field. Nothing widens to "all".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from remediator.core.action import Permission
from remediator.core.foresight import Blind, Find, Place, Use, connection_of, could_be, foresee, tokens_in
from remediator.core.rules import Rule
from remediator.core.transitions import Mode

READS = frozenset({"get", "list", "watch"})  #: verbs that change nothing


class Given(Struct, frozen=True):
    """What a person said for what only alerts will tell."""

    namespaces: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    connections: tuple[str, ...] = ()
    reads_only: bool = False  #: leave out what changes something: previews will then be refused, too


class Need(Struct, frozen=True):
    """One right at one connection, and which step needs it."""

    connection: str
    permission: Permission
    place: Place


class Gap(Struct, frozen=True):
    """A right that cannot be told, and what would tell it."""

    place: Place
    reason: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}" + (f"; {self.hint}" if self.hint else "")


def needs_of(rules: Iterable[Rule], find: Find, system: str, given: Given) -> tuple[tuple[Need, ...], tuple[Gap, ...]]:
    """Return the rights that these rules need at a system's backends, and what of them cannot be told."""
    needs: dict[Need, None] = {}
    gaps: dict[Gap, None] = {}
    for rule in rules:
        for use in foresee(rule, find):
            if use.place.action.partition(".")[0] != system:
                continue
            found = [Gap(use.place, use.reason)] if isinstance(use, Blind) else _of_use(use, system, given)
            for each in found:
                (gaps if isinstance(each, Gap) else needs)[each] = None  # type: ignore[index]  # each in its own
    return tuple(needs), tuple(gaps)


def _of_use(use: Use, system: str, given: Given) -> Iterator[Need | Gap]:
    try:
        permissions = use.action.permissions(use.parameters)
    except Exception as error:  # noqa: BLE001 -- a declaration that cannot be asked is a gap, not a crash
        yield Gap(use.place, f"its rights cannot be told ({type(error).__name__})")
        return
    connections = [name for _, of, name in connection_of(use.action, use.parameters) if of == system]
    for connection in connections:
        for there in _choices(use, connection, given.connections, "connection"):
            if isinstance(there, Gap):
                yield there
                continue
            for permission in permissions:
                if _is_wanted(use, permission, given):
                    yield from _of_permission(use, there, permission, given)


def _is_wanted(use: Use, permission: Permission, given: Given) -> bool:
    """Whether it would be used: what only observes needs the changing verbs for its dry run, if it has one."""
    if not use.action.changes or permission.verb in READS:
        return True
    return not given.reads_only and not (use.mode is Mode.OBSERVE and use.action.preview is None)


def _of_permission(use: Use, connection: str, permission: Permission, given: Given) -> Iterator[Need | Gap]:
    for part in (permission.verb, permission.resource, permission.group):
        if tokens := tokens_in(part):
            fields = ", ".join(_said(use, token) for token in tokens)
            yield Gap(use.place, f"which kind of object it is about hangs on {fields}", "write it literally")
            return
    for namespace in _choices(use, permission.namespace, given.namespaces, "namespace"):
        for name in _choices(use, permission.name, given.names, "name"):
            if isinstance(namespace, Gap):
                yield namespace
            elif isinstance(name, Gap):
                yield name
            else:
                yield Need(connection, replace(permission, namespace=namespace, name=name), use.place)


def _choices(use: Use, text: str, given: tuple[str, ...], what: str) -> Iterator[str | Gap]:
    """Yield the values that a text can have: itself, or those given for its tokens."""
    tokens = tokens_in(text)
    if not tokens:
        yield text
        return
    fits = [value for value in given if could_be(text, value)]
    if not fits:
        fields = ", ".join(_said(use, token) for token in tokens)
        none = f"none of those given fits {fields}" if given else f"{fields} is not known before an alert comes"
        yield Gap(use.place, none, f"say which with --{what}")
    yield from fits


def _said(use: Use, token: str) -> str:
    hole = use.holes[token]
    return f"{hole.field}: {hole.source}"
