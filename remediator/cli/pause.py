"""``remediator pause``, ``maintenance``, ``resume`` and ``pauses``: the kill switch."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from remediator.cli.answers import Paused, PauseRow, clock_text
from remediator.cli.client import DEFAULT_URL, Daemon, PasswordFile, Url, User, login_name
from remediator.core.unprintable import one_line

SCOPE = "global, rule:NAME, namespace:CONNECTION/NAMESPACE, cluster:CONNECTION, or target:PATTERN"


def register(application: typer.Typer) -> None:
    """Add the commands."""
    application.command("pause")(pause)
    application.command("maintenance")(maintenance)
    application.command("resume")(resume)
    application.command("pauses")(list_pauses)


def pause(
    reason: Annotated[str, typer.Option("--reason", help="Why; everybody will read it.")],
    scope: Annotated[str, typer.Argument(help=SCOPE)] = "global",
    duration: Annotated[str, typer.Option("--for", help="Until then, such as 30m; default: until resumed.")] = "",
    url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None,
) -> None:  # fmt: skip
    """Change nothing more, at once."""
    wish = {"scope": scope, "reason": reason, "who": login_name(), **({"duration": duration} if duration else {})}
    _post(wish, Daemon(url, user, password_file))
    typer.echo(f"paused: {scope}" + (f" for {duration}" if duration else ""))


def maintenance(
    scope: Annotated[str, typer.Argument(help=SCOPE)],
    reason: Annotated[str, typer.Option("--reason", help="What is being worked on.")],
    duration: Annotated[str, typer.Option("--for", help="How long, such as 2h; it ends by itself.")],
    url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None,
) -> None:  # fmt: skip
    """Announce a maintenance: nothing is changed there until it is over."""
    wish = {"scope": scope, "reason": reason, "who": login_name(), "duration": duration, "kind": "maintenance"}
    _post(wish, Daemon(url, user, password_file))
    typer.echo(f"maintenance: {scope} for {duration}")


def _post(wish: dict[str, Any], daemon: Daemon) -> None:
    """Pause; say what may be wrong with the scope."""
    if doubt := daemon.post("/api/v1/pause", wish, Paused).get("warning"):
        typer.echo(one_line(f"remediator: {doubt}"), err=True)


def resume(
    scope: Annotated[str, typer.Argument(help=f"{SCOPE}; or storm:SCOPE, to end a storm")] = "global",
    url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None,
) -> None:  # fmt: skip
    """Lift a pause; what it held is judged again."""
    Daemon(url, user, password_file).post("/api/v1/resume", {"name": scope, "who": login_name()})
    typer.echo(f"resumed: {scope}")


def list_pauses(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None,
) -> None:  # fmt: skip
    """List the pauses and maintenances that hold: what, who, since when, until when, why."""
    found = Daemon(url, user, password_file).get("/api/v1/pauses", list[PauseRow])
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    if not found:
        typer.echo("no pauses")
    for p in found:
        ends = "removed" if p["kind"] == "file" else "resumed"
        until = clock_text(p["until"]) if p["until"] is not None else ends
        times = f"since {clock_text(p['at'])}  until {until:<14}"
        typer.echo(one_line(f"{p['scope']:<24} {p['kind']:<11} {p['author']:<12} {times}  {p['reason']}"))
