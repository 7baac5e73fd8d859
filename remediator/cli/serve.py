"""``remediator serve``: the daemon."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("serve")(serve)


def serve(
    config: Annotated[Path, typer.Option("--config.file", help="The daemon's configuration.")] = Path("remediator.yml"),
    listen: Annotated[str, typer.Option("--web.listen-address", help="host:port")] = "127.0.0.1:9095",
    web_config: Annotated[
        Path | None, typer.Option("--web.config.file", help="Users and TLS, as Prometheus has it.")
    ] = None,
    route_prefix: Annotated[str, typer.Option("--web.route-prefix", help="Stands before every path.")] = "/",
    log_level: Annotated[str, typer.Option("--log.level", help="debug, info, warning, error")] = "info",
    log_format: Annotated[str, typer.Option("--log.format", help="json, pretty, auto")] = "auto",
) -> None:
    """Take alerts, run guides. SIGHUP reloads the rules, SIGTERM drains and stops."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until we listen to it: what is to be read again was not read yet
    from remediator.logs import LEVELS  # noqa: I001, PLC0415 -- other commands start faster without it; it goes first
    from remediator.app.wiring import Options, run  # noqa: PLC0415 -- see above

    if log_level not in LEVELS:
        raise typer.BadParameter(f"--log.level is one of {', '.join(LEVELS)}")
    if log_format not in ("json", "pretty", "auto"):
        raise typer.BadParameter("--log.format is one of json, pretty, auto")
    raise typer.Exit(run(Options(config, listen, web_config, route_prefix, log_level, log_format)))
