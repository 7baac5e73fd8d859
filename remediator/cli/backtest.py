"""``remediator backtest``: what rules would have done with the alerts of the past."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from remediator.cli.arguments import seconds_of
from remediator.cli.prometheus_options import CaFile, PasswordFile, TokenFile, User, Where, server_of
from remediator.cli.rule_paths import rules_at
from remediator.core.durations import SECOND, show_duration
from remediator.core.transitions import Mode
from remediator.core.unprintable import one_line

if TYPE_CHECKING:
    from remediator.core.rules import RuleTable
    from remediator.engine.work import Site
    from remediator.interfaces.configuration import Connections
    from remediator.interfaces.rule_files.live import Prometheus
    from remediator.rehearsal.backtest.sources import Arrival, Older
    from remediator.settings import Settings


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("backtest")(backtest)


def backtest(
    rules: Annotated[list[Path], typer.Argument(help="Rule files or folders.")],
    since: Annotated[str, typer.Option("--since", help="How far to look back, such as 7d; default: all.")] = "",
    prometheus: Where = "",
    token_file: TokenFile = None,
    user: User = "",
    password_file: PasswordFile = None,
    ca_file: CaFile = None,
    step: Annotated[str, typer.Option("--step", help="Between two looks at Prometheus' series.")] = "1m",
    store: Annotated[Path | None, typer.Option("--store", help="The daemon's store: notifications it had.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Notifications, a line of JSON each, in the order of time.")
    ] = None,
    against: Annotated[
        list[Path] | None, typer.Option("--against", help="Other rule files: say what changes from these.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config.file", help="The daemon's configuration; default: all is allowed.")
    ] = None,
    as_written: Annotated[
        bool, typer.Option("--as-written", help="Let each rule's mode (and max_mode) count. Default: all as auto.")
    ] = False,
    takes: Annotated[str, typer.Option("--takes", help="How long a remedy takes.")] = "1m",
    only: Annotated[list[str] | None, typer.Option("--rule", help="Tell of this rule only; none: of none.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:  # fmt: skip
    """Replay past alerts: which rule takes them, what its guards say, what it would touch. Nothing is done."""
    from remediator import logs  # noqa: PLC0415 -- other commands start faster
    from remediator.app.lifetime import settle_memory  # noqa: PLC0415 -- see above
    from remediator.engine.clock import SystemClock  # noqa: PLC0415 -- see above
    from remediator.rehearsal.backtest import tell  # noqa: PLC0415 -- see above
    from remediator.rehearsal.backtest.against import run  # noqa: PLC0415 -- see above

    logs.configure("auto", "error")
    lasts, between, back = seconds_of("--takes", takes), seconds_of("--step", step), seconds_of("--since", since or "0")
    _one_source({"--prometheus": prometheus or None, "--store": store, "--file": file})
    settings, connections = _configured(config)
    site = _site(rules, settings, connections, as_written=as_written)
    other = _site(against, settings, connections, as_written=as_written).table if against else None
    _know(only or (), (site.table, other))
    settle_memory()
    server = server_of(prometheus, connections, token_file, user, password_file, ca_file)
    now = SystemClock().now()
    began = now - int(back * SECOND) if back else 0
    history = _history(server, store, file, began, now, between)
    made = run(history, site, other, takes=int(lasts * SECOND))
    before = _older(store, file) if began and made.first is None else None
    if before is not None:
        typer.echo(tell.none_since(before, began, since), err=as_json)
    if as_json:
        typer.echo(json.dumps(tell.document(made)))
    if as_json or before is not None:
        return
    mode = "each rule in its own mode" if as_written else "every rule as if its mode were auto"
    said = f"{mode}; each run tries its guide's first remedy for {show_duration(lasts)}, and it helps"
    for line in tell.text(made, said, tuple(only or ())):
        typer.echo(one_line(line))


def _know(names: Iterable[str], tables: tuple[RuleTable | None, ...]) -> None:
    """Refuse names of rules that there are not."""
    from remediator.core.problems import nearest  # noqa: PLC0415 -- other commands start faster

    known = {rule.name for table in tables if table is not None for rule in table.rules}
    for name in names:
        if name not in known and name != "none":
            raise typer.BadParameter(f'--rule: there is no rule "{name}"; {nearest(name, known)}')


def _site(paths: list[Path], settings: Settings, connections: Connections | None, *, as_written: bool) -> Site:
    """Return what binds runs. Rules may name the connections that are configured; any, where nothing is."""
    from remediator.app.site import envelope_of, site_of  # noqa: PLC0415 -- see above
    from remediator.rehearsal.backtest.against import as_auto  # noqa: PLC0415 -- see above

    table = rules_at(paths, connections).table
    site = replace(site_of(settings, envelope_of(settings, connections or {}, {}), ()), table=table)
    return site if as_written else replace(site, table=as_auto(table), max_mode=Mode.AUTO)


def _configured(config: Path | None) -> tuple[Settings, Connections | None]:
    """Return the configuration's settings and connections, or a test's settings, where all is allowed."""
    from remediator.interfaces.configuration import read_settings  # noqa: PLC0415 -- see above
    from remediator.rehearsal.documents import SettingsText  # noqa: PLC0415 -- see above

    return read_settings(config) if config is not None else (SettingsText().settings(), None)


def _one_source(sources: Mapping[str, object]) -> None:
    """Refuse no source, and several."""
    given = [name for name, value in sources.items() if value is not None]
    if not given:
        raise typer.BadParameter("say where history is: --prometheus URL, --store FILE or --file FILE")
    if len(given) > 1:
        raise typer.BadParameter(f"give one of {', '.join(sources)}; here are {' and '.join(given)}")


def _history(
    prometheus: Prometheus | None, store: Path | None, file: Path | None, began: int, now: int, between: float
) -> Iterator[Arrival]:
    """Return what has come since ``began`` (microseconds since 1970; 0: all)."""
    if prometheus is None:
        return _kept(store, file, began)
    if not began or between < 1:
        raise typer.BadParameter("--prometheus needs --since, such as 7d, and a --step of 1s or more")
    return _from_prometheus(prometheus, now // SECOND, (now - began) // SECOND, int(between))


def _kept(store: Path | None, file: Path | None, began: int) -> Iterator[Arrival]:
    from remediator.rehearsal.backtest.sources import from_file, from_store  # noqa: PLC0415 -- see above

    if file is not None:
        return from_file(file, began)
    assert store is not None  # noqa: S101 -- the caller looked
    return from_store(store, began)


def _older(store: Path | None, file: Path | None) -> Older | None:
    """Return what a file or a store holds of older times; None: nothing, or nobody can tell."""
    from remediator.rehearsal.backtest.sources import older  # noqa: PLC0415 -- see above

    if store is None and file is None:
        return None
    found = older(_kept(store, file, 0))
    return found if found.notifications else None


def _from_prometheus(server: Prometheus, now: int, back: int, step: int) -> Iterator[Arrival]:
    from remediator.rehearsal.backtest.alerts_series import AlertsSeries  # noqa: PLC0415 -- see above

    def progress(done: int, total: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\rreading ALERTS: {100 * done // total} %" + ("\n" if done >= total else ""))
            sys.stderr.flush()

    series = AlertsSeries(server, step, progress)
    until = now // step * step
    yield from series.read(until - back // step * step, until)
    if series.already:
        sys.stderr.write(f"{series.already} alerts fired when the history begins; when they had begun is not known\n")
