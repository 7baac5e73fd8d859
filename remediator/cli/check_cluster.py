"""``remediator check --cluster``: ask each cluster whether it lets us do what the rules can need.

With remediator's own connections, credentials and requests: what works here works in a run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import aiohttp
import typer

from remediator.actions import registry
from remediator.actions.context import Clients, Context
from remediator.cli.rbac import SYSTEM
from remediator.core.access import Given, Need, needs_of
from remediator.core.action import Permission
from remediator.core.rules import Rule
from remediator.core.unprintable import one_line
from remediator.errors import ActionError

_AT_ONCE = 8  #: questions in flight


def check_cluster(
    rules: Iterable[Rule],
    connections: Mapping[str, Mapping[str, Any]],
    namespaces: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
) -> bool:
    """Say which rights are missing, on each connection. Return whether none is, and all could be asked."""
    given = Given(namespaces, names, tuple(connections.get(SYSTEM, {})))
    needs, gaps = needs_of(rules, registry.find, SYSTEM, given)
    for gap in gaps:
        typer.echo(one_line(f"error: {gap}"))
    by_right: dict[tuple[str, Permission], list[Need]] = {}
    for need in needs:
        by_right.setdefault((need.connection, need.permission), []).append(need)
    if not by_right:
        typer.echo("no rule needs a right in a cluster" if not gaps else "no other right was asked about")
        return not gaps
    missing = asyncio.run(_missing(tuple(by_right), connections))
    for (connection, permission), why in missing.items():
        steps = sorted({str(need.place) for need in by_right[connection, permission]})
        typer.echo(one_line(f"error: {connection}: {shown(permission)}: {why}"))
        for step in steps:
            typer.echo(one_line(f"    needed by {step}"))
    asked = len(by_right)
    clusters = len({connection for connection, _ in by_right})
    typer.echo(f"{asked} rights in {clusters} clusters asked for, {len(missing)} missing")
    return not (missing or gaps)


def shown(permission: Permission) -> str:
    """Return a right as people say it: ``patch deployments.apps/scale in shop``."""
    resource, _, sub = permission.resource.partition("/")
    kind = f"{resource}.{permission.group}" if permission.group else resource
    named = f" {permission.name}" if permission.name else ""
    where = f" in {permission.namespace}" if permission.namespace else " in the whole cluster"
    return f"{permission.verb} {kind}{'/' + sub if sub else ''}{named}{where}"


async def _missing(
    rights: tuple[tuple[str, Permission], ...], connections: Mapping[str, Mapping[str, Any]]
) -> dict[tuple[str, Permission], str]:
    from remediator.actions.kubernetes.reviews import why_not  # noqa: PLC0415 -- its package is loaded when needed

    places = asyncio.Semaphore(_AT_ONCE)
    clients = Clients()
    async with aiohttp.ClientSession() as session:
        context = Context(session, clients, connections)

        async def ask(connection: str, permission: Permission) -> str | None:
            async with places:
                try:
                    why = await why_not(context, connection, permission)
                except ActionError as error:
                    return f"cannot be asked: {error}"
                return why if why is None else f"not allowed{f' ({why})' if why else ''}"

        try:
            answers = await asyncio.gather(*(ask(*right) for right in rights))
        finally:
            await clients.close()
    return {right: why for right, why in zip(rights, answers, strict=True) if why is not None}
