"""``remediator runs``: list, show, approve, refuse, pause, resume, cancel, acknowledge, undo, settle."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from remediator.cli.answers import RuleRow, RunChanged, RunDocument, RunRow, clock_text
from remediator.cli.client import DEFAULT_URL, Daemon, PasswordFile, Url, User, login_name, quoted
from remediator.core.problems import nearest
from remediator.core.unprintable import one_line

application = typer.Typer(no_args_is_help=True, help="What ran, what waits, what was decided.")

Why = Annotated[str, typer.Option("--reason", help="Why; kept with the run.")]
Run = Annotated[str, typer.Argument(help="A run's id, or the beginning or end of it.")]


@application.command("list")
def list_runs(
    status: Annotated[str, typer.Option(help="A status, or: open")] = "",
    rule: Annotated[str, typer.Option(help="Of this rule.")] = "",
    target: Annotated[str, typer.Option(help="On this target.")] = "",
    storm: Annotated[str, typer.Option(help="Of the storm for which this run looks (its whole id).")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None,
) -> None:  # fmt: skip
    """List runs, newest first."""
    daemon = Daemon(url, user, password_file)
    found = daemon.get(
        "/api/v1/runs", list[RunRow], status=status, rule=rule, target=target, storm=storm, limit=str(limit)
    )
    if not found and rule:
        warn_of_no_rule(rule, [one["rule"] for one in daemon.get("/api/v1/rules", list[RuleRow])])
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    if not found:
        typer.echo("no runs")
    for run in found:
        when = clock_text(run["created_at"])
        by = "paused" if run.get("paused_by") and run["finished_at"] is None else run["held_by"]
        until = f" until {clock_text(run['held_until'])}" if run["held_until"] else ""
        held = f" [{by}{until}]" if by else ""
        typer.echo(one_line(
            f"{run['id']}  {when}  {run['status'] + held:<22} {run['rule']:<24} {run['target']}  {run['reason'][:80]}"
        ))  # fmt: skip


def warn_of_no_rule(name: str, known: list[str]) -> None:
    """Say it where no rule has this name now. It is no error: runs keep the names of rules that are gone."""
    if name not in known:
        typer.echo(one_line(f'remediator: no rule is called "{name}" now; {nearest(name, known)}'), err=True)


@application.command("show")
def show(
    run: Run,
    markdown: Annotated[bool, typer.Option("--markdown", help="The report as Markdown (the default).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="All of it, as JSON.")] = False,
    url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None,
) -> None:  # fmt: skip
    """Show one run: situation, task, action, result, reflection."""
    daemon = Daemon(url, user, password_file)
    if as_json and not markdown:
        typer.echo(json.dumps(daemon.get(f"/api/v1/runs/{quoted(run)}", RunDocument), indent=2))
    else:
        for line in daemon.page(f"/api/v1/runs/{quoted(run)}?format=markdown").split("\n"):
            typer.echo(one_line(line))


def _change(run: str, verb: str, document: dict[str, Any], daemon: Daemon) -> None:
    done = daemon.post(f"/api/v1/runs/{quoted(run)}/{verb}", {"who": login_name(), **document}, RunChanged)
    typer.echo(f"{done['run']}: {verb} {done['status']}")


@application.command("approve")
def approve(
    run: Run, reason: Why,
    shown: Annotated[str, typer.Option(help="The digest that you looked at; refused if it is another now.")] = "",
    url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None,
) -> None:  # fmt: skip
    """Let a waiting run do what it has shown."""
    _change(run, "approve", {"reason": reason, "shown": shown}, Daemon(url, user, password_file))


@application.command("refuse")
def refuse(run: Run, reason: Why, url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None) -> None:
    """Do not let it: the run ends."""
    _change(run, "refuse", {"reason": reason}, Daemon(url, user, password_file))


@application.command("cancel")
def cancel(
    run: Run, reason: Why,
    take_back: Annotated[bool, typer.Option("--undo/--keep", help="Whether what it has changed goes back.")] = False,
    url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None,
) -> None:  # fmt: skip
    """End a run before its next step."""
    _change(run, "cancel", {"reason": reason, "undo": take_back}, Daemon(url, user, password_file))


@application.command("pause")
def pause(run: Run, reason: Why, url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None) -> None:
    """Have a run stop before its next step, until it is resumed or cancelled."""
    _change(run, "pause", {"reason": reason}, Daemon(url, user, password_file))


@application.command("resume")
def resume(run: Run, reason: Why, url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None) -> None:
    """Have a paused run go on with its next step."""
    _change(run, "resume", {"reason": reason}, Daemon(url, user, password_file))


@application.command("acknowledge")
def acknowledge(
    run: Run, reason: Why, url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None
) -> None:  # fmt: skip
    """Take a run over: nobody else on its ladder is told."""
    _change(run, "acknowledge", {"reason": reason}, Daemon(url, user, password_file))


@application.command("undo")
def undo(
    run: Run, reason: Why,
    step: Annotated[str, typer.Option("--from", help="This step, by its id, and all after it.")] = "",
    stage: Annotated[str, typer.Option(help="This stage and all after it.")] = "",
    remedy: Annotated[str, typer.Option(help="This remedy and all after it.")] = "",
    last: Annotated[int, typer.Option(min=0, help="So many changes, the last ones.")] = 0,
    url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None,
) -> None:  # fmt: skip
    """Take back what a run changed, in the opposite order, by a run of its own.

    All of it, or a part from which nothing later stays. The rest can be taken back another time.
    """
    part = {name: value for name, value in
            (("from", step), ("stage", stage), ("remedy", remedy), ("last", last)) if value}  # fmt: skip
    _change(run, "undo", {"reason": reason, **part}, Daemon(url, user, password_file))


@application.command("settle")
def settle(
    run: Run, reason: Why,
    happened: Annotated[bool, typer.Option("--happened/--did-not-happen", help="Whether the change took effect.")],
    url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None,
) -> None:  # fmt: skip
    """Say what became of an unknown run; its locks are let go."""
    _change(run, "settle", {"reason": reason, "happened": happened}, Daemon(url, user, password_file))
