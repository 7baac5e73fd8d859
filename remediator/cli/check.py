"""``remediator check``: say what is wrong with the configuration and the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("check")(check)


def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Rule files or folders; default: those of the configuration.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config.file", help="Check the daemon's configuration too.")] = None,
) -> None:
    """Say all that is wrong, with its place. Exit 1 for errors, 3 for warnings."""
    from remediator.interfaces.configuration import read_settings  # noqa: PLC0415 -- other commands start faster
    from remediator.interfaces.rule_files import load_rules  # noqa: PLC0415 -- see above

    patterns: list[str] = []
    root = Path.cwd()
    if config is not None:
        settings, _ = read_settings(config)
        typer.echo(f"{config}: right")
        patterns, root = list(settings.rules), config.parent.resolve()
    if paths:
        root = Path.cwd()
        patterns = [str(path / "**/*.yaml") if path.is_dir() else str(path) for path in paths]
    if not patterns:
        raise typer.BadParameter("name rule files, or --config.file")
    loaded = load_rules(patterns, root)
    for warning in loaded.warnings:
        typer.echo(str(warning))
    guides = {rule.guide.name for rule in loaded.table.rules}
    typer.echo(f"{len(loaded.files)} files: {len(loaded.table.rules)} rules, {len(guides)} guides in use, "
               f"{len(loaded.warnings)} warnings")  # fmt: skip
    if loaded.warnings:
        raise typer.Exit(3)
