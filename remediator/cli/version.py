"""``remediator version``."""

from __future__ import annotations

import platform

import typer

from remediator import __version__


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("version")(version)


def version() -> None:
    """Print the version."""
    typer.echo(f"remediator {__version__} (Python {platform.python_version()}, {platform.system().lower()})")
