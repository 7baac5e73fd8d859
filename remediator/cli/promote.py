"""``remediator rules stats`` and ``remediator promote``: what rules have shown, and one step up for one of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import fields

from remediator.cli.answers_explained import Stats
from remediator.cli.arguments import seconds_of
from remediator.cli.client import DEFAULT_URL, Daemon, PasswordFile, Url, User
from remediator.cli.explain import reading
from remediator.cli.rule_paths import rules_at
from remediator.cli.runs import warn_of_no_rule
from remediator.core.durations import SECOND
from remediator.core.problems import nearest
from remediator.core.promotion import NEXT, Evidence, Thresholds, missing
from remediator.core.unprintable import one_line
from remediator.errors import RemediatorError

if TYPE_CHECKING:
    from remediator.interfaces.rule_files.load import Loaded

application = typer.Typer(no_args_is_help=True, help="What rules have shown.")
Config = Annotated[Path, typer.Option("--config.file", help="The daemon's configuration: where its rules stand.")]
Store = Annotated[Path | None, typer.Option("--store", help="Read a store instead of asking the daemon.")]
Since = Annotated[str, typer.Option("--since", help="How far back, such as 30d. Default: all that is kept.")]


@application.callback()
def rules() -> None:
    """What rules have shown."""


@application.command("stats")
def stats(
    store: Store = None, since: Since = "",
    rule: Annotated[str, typer.Option("--rule", help="Of this rule only.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None,
) -> None:  # fmt: skip
    """Say, rule by rule, what observing would have done, what people said, and whether it helped."""
    every = _found(store, since, url, user, password_file)
    found = [one for one in every if rule in ("", one["rule"])]
    if rule and not found and store is None:  # a store knows the rules that had runs, not those that there are
        warn_of_no_rule(rule, [one["rule"] for one in every])
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    if not found:
        typer.echo("no runs")
    for one in found:
        for line in _lines(one):
            typer.echo(one_line(line))


def _lines(one: dict[str, Any]) -> list[str]:
    lines = [f"{one['rule']}" + (f" ({one['mode']})" if one["mode"] else "") + f": {one['runs']} runs"]
    if one["would_run"]:
        lines.append(
            f"  would have run     {one['would_run']:>5}  {one['recovered_first']} recovered before it would have"
        )
    if one["recovered_itself"]:
        lines.append(f"  recovered itself   {one['recovered_itself']:>5}  before anything was to be done")
    if one["asked"]:
        said = f"{one['approved']} approved, {one['refused']} refused, {one['expired']} not answered"
        lines.append(f"  asked              {one['asked']:>5}  {said}")
    if one["acted"]:
        lines.append(
            f"  acted              {one['acted']:>5}  {one['verified']} verified ({one['verified'] / one['acted']:.0%})"
        )
    for name, words in (("unknown", "nobody can tell"), ("escalated", "people were called")):
        if one[name]:
            lines.append(f"  {name:<18} {one[name]:>5}  {words}")
    if one["repeats"]:
        lines.append(f"  repeats            {one['repeats']:>5}  on the same target within a day")
    return lines


def _found(store: Path | None, since: str, url: str, user: str, password_file: Path | None) -> list[dict[str, Any]]:
    from remediator.engine.clock import SystemClock  # noqa: PLC0415 -- other commands start faster
    from remediator.store import evidence  # noqa: PLC0415 -- see above

    after = SystemClock().now() - int(seconds_of("--since", since) * SECOND) if since else 0
    if store is None:
        made: list[dict[str, Any]] = Daemon(url, user, password_file).get(
            "/api/v1/rules/stats", list[Stats], since=str(after)
        )
        return made
    with reading(store) as tx:
        found = evidence.read(tx, after)
    return [{**{f.name: getattr(one, f.name) for f in fields(Evidence)}, "mode": ""} for one in found.values()]


def register(command: typer.Typer) -> None:
    """Add the command."""
    command.command("promote")(promote)


def promote(
    rule: Annotated[str, typer.Argument(help="The rule's name.")],
    config: Config = Path("remediator.yml"),
    paths: Annotated[
        list[Path] | None, typer.Option("--rules", help="Rule files or folders, instead of the configuration's.")
    ] = None,
    store: Store = None, since: Since = "",
    runs: Annotated[int, typer.Option("--runs", min=1, help="Observed, or asked and answered, at least.")] = 10,
    over: Annotated[str, typer.Option("--over", help="Since the first of them, at least.")] = "7d",
    approved: Annotated[float, typer.Option("--approved", min=0, max=1, help="Share approved, for auto.")] = 0.9,
    verified: Annotated[float, typer.Option("--verified", min=0, max=1, help="Share verified, for auto.")] = 0.9,
    recovered: Annotated[
        float, typer.Option("--recovered", min=0, max=1, help="Share that recovered before it would have, at most.")
    ] = 0.5,
    repeats: Annotated[float, typer.Option("--repeats", min=0, max=1, help="Share of repeats, at most.")] = 0.3,
    write: Annotated[bool, typer.Option("--write", help="Write it into the file.")] = False,
    url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None,
) -> None:  # fmt: skip
    """Print the patch that raises a rule's mode one step, if what it has shown is enough. Exit 1 when it is not."""
    from remediator.engine.clock import SystemClock  # noqa: PLC0415 -- other commands start faster
    from remediator.interfaces.rule_files.promoting import patch, place_of, with_mode  # noqa: PLC0415 -- see above
    from remediator.store.evidence import of_document  # noqa: PLC0415 -- see above

    wanted = Thresholds(runs, seconds_of("--over", over), approved, verified, recovered, repeats)
    loaded = _loaded(paths, config)
    found = loaded.table.rule(rule)
    place = place_of(loaded, rule)
    if found is None or place is None:
        raise RemediatorError(f'there is no rule "{rule}"; {nearest(rule, [one.name for one in loaded.table.rules])}')
    mode = found.text.mode
    shown = next((one for one in _found(store, since, url, user, password_file) if one["rule"] == rule), None)
    evidence = of_document(shown) if shown is not None else Evidence(rule)
    lacks = missing(evidence, mode, wanted, SystemClock().now())
    if lacks:
        typer.echo(f"{rule} stays in mode {mode}:")
        for line in lacks:
            typer.echo(f"  {line}")
        raise typer.Exit(1)
    file, position = place
    before = _text(file)
    after = with_mode(before, rule, position, NEXT[mode], found.file)
    if write:
        try:
            file.write_bytes(after.encode())
        except OSError as error:
            raise RemediatorError(f"{file}: cannot be written: {error.strerror or error}") from error
        typer.echo(f"{found.file}: {rule} is now in mode {NEXT[mode]}")
        return
    typer.echo(patch(before, after, found.file), nl=False)


def _text(file: Path) -> str:
    """Return what a file says, with the line ends that it has."""
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise RemediatorError(f"{file}: cannot be read: {reason}") from error


def _loaded(paths: list[Path] | None, config: Path) -> Loaded:
    from remediator.interfaces.configuration import read_configuration  # noqa: PLC0415 -- see above
    from remediator.interfaces.rule_files import load_rules  # noqa: PLC0415 -- see above

    if paths:
        return rules_at(paths)
    read = read_configuration(config)
    return load_rules(read.settings.rules, read.root, asked_by=read.rules)
