"""``remediator audit``: decisions, approvals, pauses, edits and changes, as JSON lines."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from remediator.cli.arguments import seconds_of
from remediator.cli.client import DEFAULT_URL, Daemon, PasswordFile, Url, User
from remediator.core.durations import SECOND
from remediator.core.unprintable import in_json


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("audit")(audit)


def audit(
    since: Annotated[str, typer.Option(help="How far back, such as 30d; default: all that is kept.")] = "",
    after: Annotated[int, typer.Option(min=0, help="Go on behind the entry with this id.")] = 0,
    url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None,
) -> None:  # fmt: skip
    """Print the audit trail in the order of writing, a JSON document a line."""
    began = int((time.time() - seconds_of("--since", since)) * SECOND) if since else 0  # noqa: TID251 -- the user's clock
    path = f"/api/v1/audit?format=jsonl&after={after}&since={began}"
    for line in Daemon(url, user, password_file).lines(path):
        sys.stdout.write(in_json(line))
