"""``remediator pause``, ``maintenance`` and ``resume``: the kill switch."""

from __future__ import annotations

from typing import Annotated

import typer

from remediator.cli.client import DEFAULT_URL, Daemon, PasswordFile, Url, User, login_name

SCOPE = "global, rule:NAME, namespace:CONNECTION/NAMESPACE, cluster:CONNECTION, or target:PATTERN"


def register(application: typer.Typer) -> None:
    """Add the commands."""
    application.command("pause")(pause)
    application.command("maintenance")(maintenance)
    application.command("resume")(resume)


def pause(
    reason: Annotated[str, typer.Option("--reason", help="Why; everybody will read it.")],
    scope: Annotated[str, typer.Argument(help=SCOPE)] = "global",
    duration: Annotated[str, typer.Option("--for", help="Until then, such as 30m; default: until resumed.")] = "",
    url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None,
) -> None:  # fmt: skip
    """Change nothing more, at once."""
    wish = {"scope": scope, "reason": reason, "who": login_name(), **({"duration": duration} if duration else {})}
    Daemon(url, user, password_file).post("/api/v1/pause", wish)
    typer.echo(f"paused: {scope}" + (f" for {duration}" if duration else ""))


def maintenance(
    scope: Annotated[str, typer.Argument(help=SCOPE)],
    reason: Annotated[str, typer.Option("--reason", help="What is being worked on.")],
    duration: Annotated[str, typer.Option("--for", help="How long, such as 2h; it ends by itself.")],
    url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None,
) -> None:  # fmt: skip
    """Announce a maintenance: nothing is changed there until it is over."""
    wish = {"scope": scope, "reason": reason, "who": login_name(), "duration": duration, "kind": "maintenance"}
    Daemon(url, user, password_file).post("/api/v1/pause", wish)
    typer.echo(f"maintenance: {scope} for {duration}")


def resume(
    scope: Annotated[str, typer.Argument(help=f"{SCOPE}; or storm:SCOPE, to end a storm")] = "global",
    url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None,
) -> None:  # fmt: skip
    """Lift a pause; what it held is judged again."""
    Daemon(url, user, password_file).post("/api/v1/resume", {"name": scope, "who": login_name()})
    typer.echo(f"resumed: {scope}")
