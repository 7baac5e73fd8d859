"""``remediator explain``: why an alert leads to what it leads to, or to nothing."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import replace

from remediator.cli.answers_explained import Explained
from remediator.cli.arguments import body_of
from remediator.cli.client import DEFAULT_URL, Daemon, PasswordFile, Url, User
from remediator.cli.rule_paths import rules_at
from remediator.core.unprintable import one_line
from remediator.errors import NotificationError, RemediatorError

if TYPE_CHECKING:
    from remediator.engine.work import Site
    from remediator.interfaces.web.asking import ExplainWish
    from remediator.store.sqlite import Tx

NO_RULE = 3  #: exit code: an answer, and no error, as lint is for ``check``
_LABEL = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)=(.*)", re.DOTALL)
Ask = Callable[["ExplainWish"], dict[str, Any]]


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("explain")(explain)


def explain(
    labels: Annotated[list[str] | None, typer.Argument(help="Labels: alertname=X severity=critical.")] = None,
    payload: Annotated[Path | None, typer.Option("--payload", help="A webhook body: what fires in it.")] = None,
    run: Annotated[str, typer.Option("--run", help="The alert of this stored run, by its id or a part of it.")] = "",
    episode: Annotated[str, typer.Option("--episode", help="The alert of this stored episode.")] = "",
    rules: Annotated[
        list[Path] | None, typer.Option("--rules", help="Rule files or folders, instead of a daemon's.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config.file", help="A daemon's configuration: its rules and what it allows.")
    ] = None,
    store: Annotated[Path | None, typer.Option("--store", help="A store: what happened before.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Near misses too, and the rules after it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    url: Url = DEFAULT_URL, user: User = "", password_file: PasswordFile = None,
) -> None:  # fmt: skip
    """Say which rule takes an alert and why, what its guards say now, and what it would do. Exit 3: nothing matches.

    Without --rules and --config.file the running daemon is asked, which knows what happened before.
    """
    from remediator.interfaces.explained_text import text  # noqa: PLC0415 -- other commands start faster

    wishes = _wishes(labels or [], payload, run, episode)
    if rules or config is not None:
        with _offline(rules, config, store) as ask:
            found = [ask(wish) for wish in wishes]
    elif store is not None:
        raise typer.BadParameter("--store says what happened; --config.file or --rules says what the rules are")
    else:
        daemon = Daemon(url, user, password_file)
        found = [daemon.post("/api/v1/explain", wish.model_dump(exclude_defaults=True), Explained) for wish in wishes]
    if as_json:
        typer.echo(json.dumps(found[0] if len(found) == 1 else found, indent=2, default=str))
    else:
        typer.echo("\n\n".join("\n".join(map(one_line, text(one, every=every))) for one in found))
    if not any(one["matches"] for one in found):
        raise typer.Exit(NO_RULE)


def _wishes(labels: list[str], payload: Path | None, run: str, episode: str) -> list[ExplainWish]:
    if [bool(labels), payload is not None, bool(run), bool(episode)].count(True) != 1:
        raise typer.BadParameter("give one of: labels, --payload, --run, --episode")
    if run or episode:
        return [_wish(run=run, episode=episode)]
    if payload is not None:
        return _of_payload(payload)
    pairs = {}
    for written in labels:
        parts = _LABEL.fullmatch(written)
        if parts is None:
            raise typer.BadParameter(f'"{written}" is no label; write name=value')
        pairs[parts[1]] = parts[2]
    return [_wish(labels=pairs)]


def _wish(**given: Any) -> ExplainWish:
    """Return the question. Raise BadParameter for what no alert can have."""
    from pydantic import ValidationError  # noqa: PLC0415 -- see above

    from remediator.interfaces.web.asking import ExplainWish  # noqa: PLC0415 -- see above

    try:
        return ExplainWish(**given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field, *below = map(str, first["loc"])
        options = {"run": "--run", "episode": "--episode", "starts_at": "startsAt"}
        place = below[0] if below else options.get(field, field)
        value = f", got {ascii(first['input'])[:80]}" if isinstance(first["input"], str) else ""
        raise typer.BadParameter(f"{place[:80]}: {first['msg']}{value}") from None


def _of_payload(path: Path) -> list[ExplainWish]:
    from remediator.interfaces.alertmanager import read_notification  # noqa: PLC0415 -- see above

    try:
        alerts = read_notification(body_of(path)).alerts
    except NotificationError as error:
        raise RemediatorError(f"{path}: {error}") from error
    found = [
        _wish(labels=dict(one.labels), annotations=dict(one.annotations), starts_at=one.starts_at or None)
        for one in alerts if one.firing
    ]  # fmt: skip
    if not found:
        raise RemediatorError(f"{path}: no alert fires in it")
    return found


@contextmanager
def _offline(rules: list[Path] | None, config: Path | None, store: Path | None) -> Iterator[Ask]:
    """Explain in this process."""
    from remediator.engine.clock import SystemClock  # noqa: PLC0415 -- see above
    from remediator.interfaces.explained import explain as explain_alert  # noqa: PLC0415 -- see above
    from remediator.interfaces.explained_text import document  # noqa: PLC0415 -- see above
    from remediator.interfaces.web.asking import explained  # noqa: PLC0415 -- see above

    site, now = _site(rules, config), SystemClock().now()
    if store is not None:
        with reading(store) as tx:
            yield lambda wish: explained(tx, site, wish, _whole(tx, wish.run), now)
        return

    def without_history(wish: ExplainWish) -> dict[str, Any]:
        from remediator.core.alert import Alert  # noqa: PLC0415 -- see above

        if wish.labels is None:
            raise typer.BadParameter("--run and --episode are read from a store: give --store, or ask the daemon")
        began = now if wish.starts_at is None else wish.starts_at
        alert = Alert("", True, wish.labels, wish.annotations, began, None)
        return document(explain_alert(site, alert, now))

    yield without_history


def _whole(tx: Tx, part: str) -> str:
    from remediator.store.listing import find_run  # noqa: PLC0415 -- see above

    if not part:
        return ""
    found = find_run(tx, part)
    if len(found) != 1:
        raise RemediatorError(f'"{part}" names {len(found) or "no"} run{"s" if len(found) > 1 else ""}')
    return found[0]


@contextmanager
def reading(path: Path) -> Iterator[Tx]:
    """Read a store's file, which a daemon may be using. Raise RemediatorError."""
    from remediator.store.file import address  # noqa: PLC0415 -- see above
    from remediator.store.sqlite import Tx  # noqa: PLC0415 -- see above

    if not path.is_file():
        raise RemediatorError(f"there is no store at {path}")
    try:
        db = sqlite3.connect(address(path, "ro"), uri=True, isolation_level=None)
        try:
            db.execute("BEGIN")
            yield Tx(db)
        finally:
            db.close()
    except sqlite3.Error as error:
        raise RemediatorError(f"cannot read {path}: {error}") from error


def _site(rules: list[Path] | None, config: Path | None) -> Site:
    """Return what binds: the configuration's; without one a test's, where rules may act."""
    from remediator.app.site import envelope_of, site_of  # noqa: PLC0415 -- see above
    from remediator.interfaces.configuration import read_configuration  # noqa: PLC0415 -- see above
    from remediator.interfaces.rule_files import load_rules  # noqa: PLC0415 -- see above
    from remediator.rehearsal.documents import SettingsText  # noqa: PLC0415 -- see above

    read = read_configuration(config) if config is not None else None
    settings, connections = (read.settings, read.connections) if read else (SettingsText().settings(), None)
    if rules:
        table = rules_at(rules, connections).table
    else:
        assert read is not None  # noqa: S101 -- the caller looked
        table = load_rules(settings.rules, read.root, connections, asked_by=read.rules).table
    return replace(site_of(settings, envelope_of(settings, connections or {}, {}), ()), table=table)
