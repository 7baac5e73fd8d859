"""``remediator breakers``: list and reset."""

from __future__ import annotations

from typing import Annotated

import typer

from remediator.cli.answers import BreakerRow
from remediator.cli.client import DEFAULT_URL, Daemon, PasswordFile, Url, User, login_name
from remediator.core.unprintable import one_line

application = typer.Typer(no_args_is_help=True, help="Circuit breakers of backends, rules and targets.")


@application.command("list")
def list_breakers(url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None) -> None:
    """List breakers that have failed since their reset."""
    found = Daemon(url, user, password_file).get("/api/v1/breakers", list[BreakerRow])
    if not found:
        typer.echo("no breaker has failed")
    for b in found:
        retry = f"retry in {b['retry_in_s']:.0f}s" if b["retry_in_s"] else ""
        rate = f"{b['error_rate']:>6.1%} of {b['total']:<6}"
        typer.echo(one_line(f"{b['state']:<10} {b['failures']:>3} in a row  {rate} {b['key']}  {retry}"))


@application.command("reset")
def reset(
    key: Annotated[str, typer.Argument(help="As breakers list shows it.")],
    url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None,
) -> None:  # fmt: skip
    """Close a breaker by hand."""
    Daemon(url, user, password_file).post("/api/v1/breakers/reset", {"name": key, "who": login_name()})
    typer.echo(f"reset: {key}")
