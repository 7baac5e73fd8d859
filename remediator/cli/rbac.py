"""``remediator rbac``: print the Kubernetes rights that rules need, and no others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from remediator.cli.rule_paths import rules_at
from remediator.core.problems import Problem
from remediator.errors import ConfigurationError

if TYPE_CHECKING:
    from remediator.core.access import Need

SYSTEM = "kubernetes"
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)

Namespaces = Annotated[
    list[str] | None, typer.Option("--namespace", help="For namespaces that only alerts tell; repeatable.")
]
Names = Annotated[list[str] | None, typer.Option("--name", help="For object names that only alerts tell; repeatable.")]


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("rbac")(rbac)


def rbac(
    paths: Annotated[list[Path], typer.Argument(help="Rule files or folders.")],
    namespaces: Namespaces = None,
    names: Names = None,
    connection: Annotated[
        str | None, typer.Option("--connection", help="Which cluster; needed when the rules name several.")
    ] = None,
    account: Annotated[
        str, typer.Option("--service-account", help="Name of the service account that gets the rights.")
    ] = "remediator",
    namespace: Annotated[str, typer.Option("--sa-namespace", help="The service account's namespace.")] = "remediator",
    reads_only: Annotated[
        bool, typer.Option("--reads-only", help="Leave out what changes: diagnosis works, previews are refused.")
    ] = False,
) -> None:
    """Print ServiceAccount, roles and bindings (YAML) with what these rules can need.

    Exit 1 when that cannot be told: it says which rule, step and field, and which flag tells it.
    """
    from remediator.actions import registry  # noqa: PLC0415 -- other commands start faster
    from remediator.core.access import Given, needs_of  # noqa: PLC0415 -- see above
    from remediator.interfaces.rbac import Account, manifests  # noqa: PLC0415 -- see above

    loaded = rules_at(paths)
    given = Given(
        checked(namespaces, "--namespace"), tuple(names or ()), (connection,) if connection else (), reads_only
    )
    (name,), (home,) = checked([account], "--service-account"), checked([namespace], "--sa-namespace")
    needs, gaps = needs_of(loaded.table.rules, registry.find, SYSTEM, given)
    if gaps:
        raise ConfigurationError(tuple(Problem(str(gap)) for gap in gaps))
    typer.echo(manifests(_of_one_cluster(needs, connection), Account(name, home)), nl=False)


def checked(names: list[str] | None, flag: str) -> tuple[str, ...]:
    """Return these names as Kubernetes allows them; ``*`` is none."""
    for name in names or ():
        if not _LABEL.fullmatch(name):
            raise typer.BadParameter(f'{flag}: "{name}" is not a name that Kubernetes allows')
    return tuple(dict.fromkeys(names or ()))


def _of_one_cluster(needs: tuple[Need, ...], connection: str | None) -> tuple[Need, ...]:
    there = sorted({need.connection for need in needs})
    shown = ", ".join(there)
    if connection is None and len(there) > 1:
        raise ConfigurationError((Problem(f"the rules need several clusters ({shown}); say which with --connection"),))
    if connection is not None and there and connection not in there:
        raise ConfigurationError((Problem(f'no rule needs the connection "{connection}"; they need {shown}'),))
    return tuple(need for need in needs if connection in (None, need.connection))
