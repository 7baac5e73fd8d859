"""``remediator test``: play unit tests of rules; nothing is really done."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter
from typing import Annotated, TextIO

import typer

from remediator.core.durations import show_duration
from remediator.core.unprintable import one_line

PATIENCE = 3.0  #: seconds after which people want to know what is going on
_EVERY = 0.2  #: seconds between two looks at the screen


class Progress:
    """Shows on a terminal which test is played, where that takes long."""

    def __init__(self, stream: TextIO, patience: float = PATIENCE) -> None:
        self._stream, self._shows = stream, stream.isatty()
        self._due = perf_counter() + patience
        self._shown = False

    def watch(self, test: str, seconds: float) -> None:
        """Show that this test has come so far in its own time."""
        if self._shows and perf_counter() >= self._due:
            self._due = perf_counter() + _EVERY
            self._shown = True
            self._stream.write(f"\r\x1b[K{one_line(test)[:50]}: {show_duration(seconds)} of its time have passed")
            self._stream.flush()

    def say(self, text: str) -> None:
        """Print this instead."""
        self.clear()
        typer.echo(text)

    def clear(self) -> None:
        """Take it off the screen."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown = False


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
    progress = Progress(sys.stderr)
    session = Session(only=only, update=update, watch=progress.watch)
    session.run(paths, progress.say)
    progress.clear()
    if coverage:
        for line in session.coverage():
            typer.echo(line)
    if junit is not None:
        session.write_junit(junit)
    typer.echo(session.summary())
    if session.failed:
        raise typer.Exit(1)
