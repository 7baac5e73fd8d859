"""``remediator backup``: a copy of the store, also while the daemon runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("backup")(backup_store)


def backup_store(
    file: Annotated[Path, typer.Argument(help="A new file; nothing is overwritten.")],
    config: Annotated[Path, typer.Option("--config.file", help="The daemon's configuration.")] = Path("remediator.yml"),
) -> None:
    """Copy the store into a new file. Run it where the daemon runs."""
    from remediator.interfaces.configuration import read_settings  # noqa: PLC0415 -- other commands start faster
    from remediator.store.backup import backup  # noqa: PLC0415 -- see above

    settings, _ = read_settings(config)
    backup(settings.store.path, file)
    typer.echo(f"{file}: {file.stat().st_size} bytes")
