"""``remediator check``: say what is wrong with the configuration and the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from remediator.cli.rbac import Names, Namespaces, checked


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("check")(check)


def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Rule files or folders; default: those of the configuration.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config.file", help="Check the daemon's configuration too.")] = None,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Ask the clusters whether they let us do what the rules can need.")
    ] = False,
    namespaces: Namespaces = None,
    names: Names = None,
) -> None:
    """Say all that is wrong, with its place. Exit 1 for errors, 3 for warnings."""
    from remediator.interfaces.configuration import read_settings  # noqa: PLC0415 -- other commands start faster
    from remediator.interfaces.rule_files import load_rules  # noqa: PLC0415 -- see above

    patterns: list[str] = []
    root = Path.cwd()
    connections = None
    if cluster and config is None:
        raise typer.BadParameter("--cluster needs --config.file: it says how the clusters are reached")
    if config is not None:
        settings, connections = read_settings(config)
        typer.echo(f"{config}: right")
        patterns, root = list(settings.rules), config.parent.resolve()
    if paths:
        root = Path.cwd()
        patterns = [str(path / "**/*.yaml") if path.is_dir() else str(path) for path in paths]
    if not patterns:
        raise typer.BadParameter("name rule files, or --config.file")
    loaded = load_rules(patterns, root, connections)
    for warning in loaded.warnings:
        typer.echo(str(warning))
    guides = {rule.guide.name for rule in loaded.table.rules}
    typer.echo(f"{len(loaded.files)} files: {len(loaded.table.rules)} rules, {len(guides)} guides in use, "
               f"{len(loaded.warnings)} warnings")  # fmt: skip
    if cluster and connections is not None:
        from remediator.cli.check_cluster import check_cluster  # noqa: PLC0415 -- see above

        if not check_cluster(loaded.table.rules, connections, checked(namespaces, "--namespace"), tuple(names or ())):
            raise typer.Exit(1)
    if loaded.warnings:
        raise typer.Exit(3)
