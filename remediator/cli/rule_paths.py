"""Rule files as a command line names them: files and folders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from remediator.interfaces.rule_files import Loaded


def patterns_of(paths: Iterable[Path]) -> list[str]:
    """Return the patterns that name these files, and all rule files in these folders."""
    return [str(path / "**/*.yaml") if path.is_dir() else str(path) for path in paths]


def rules_at(paths: Iterable[Path], connections: Any = None) -> Loaded:
    """Return the rules of these files and folders; say which files there nobody reads. Raise ConfigurationError."""
    from remediator.interfaces.rule_files import load_rules  # noqa: PLC0415 -- other commands start faster

    loaded = load_rules(patterns_of(paths), Path.cwd(), connections)
    for warning in loaded.unread:
        typer.echo(str(warning), err=True)
    return loaded
