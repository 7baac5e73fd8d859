"""``remediator test``: play unit tests of rules; nothing is really done."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("test")(play)


def play(
    paths: Annotated[list[Path], typer.Argument(help="Files of unit tests, or folders with *_test.yaml files.")],
    only: Annotated[str, typer.Option("-k", help="Only tests whose name contains this text.")] = "",
    update: Annotated[
        bool, typer.Option("--update", help="Write what happened into the files; look at the difference.")
    ] = False,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Say which rules, remedies and guards no test has reached.")
    ] = False,
    junit: Annotated[Path | None, typer.Option("--junit", help="Write the results as JUnit XML too.")] = None,
) -> None:
    """Play unit tests of rules in virtual time. Exit 0 when all pass, else 1."""
    from remediator import logs  # noqa: PLC0415 -- other commands start faster
    from remediator.rehearsal.session import Session  # noqa: PLC0415 -- see above

    logs.configure("auto", "error")
    session = Session(only=only, update=update)
    session.run(paths, typer.echo)
    if coverage:
        for line in session.coverage():
            typer.echo(line)
    if junit is not None:
        session.write_junit(junit)
    typer.echo(session.summary())
    if session.failed:
        raise typer.Exit(1)
