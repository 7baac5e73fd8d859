"""All wiring, in one straight function. Clean-ups are named and run last in, first out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from msgspec import Struct
from msgspec.structs import replace

from remediator import __version__, logs
from remediator.actions.context import Clients
from remediator.app.doors import BACKLOG, listen, listen_address, refuse_open_doors, route_prefix
from remediator.app.health import health, watch, watch_door
from remediator.app.lifetime import settle_memory, start, stop_event
from remediator.app.outside import longest_silence, make_confirm, make_reporters, make_session
from remediator.app.reloading import Reloading
from remediator.app.site import envelope_of, site_of
from remediator.engine.advance import Engine
from remediator.engine.clock import Clock, SystemClock
from remediator.engine.deliver import Deliverer
from remediator.engine.limits import Slots
from remediator.engine.path import Path as AlertPath
from remediator.engine.path import recover
from remediator.engine.pause_file import PauseFile
from remediator.engine.set_back import SetBack
from remediator.engine.silences import EndsSilences
from remediator.engine.upkeep import Kept, upkeep
from remediator.interfaces.alertmanager import read_notification
from remediator.interfaces.configuration import read_configuration, read_web_file
from remediator.interfaces.metrics import Metrics
from remediator.interfaces.rule_files import load_rules
from remediator.interfaces.rule_files.watching import RuleWatch
from remediator.interfaces.secret_files import missing_files, read_secrets
from remediator.interfaces.web.api import Api
from remediator.interfaces.web.auth import Credentials
from remediator.interfaces.web.connections import BoundedSite
from remediator.interfaces.web.operate import Operate
from remediator.interfaces.web.server import make_application
from remediator.interfaces.web.watched import WatchedCredentials
from remediator.interfaces.web.webhook import Webhook
from remediator.store import dependencies
from remediator.store.sqlite import Probe, SqliteStore

log = structlog.get_logger("remediator")

LAST_REQUESTS = 2.0  #: seconds for requests that are open when the steps in flight are done or cut off


class Options(Struct, frozen=True):
    """The command line."""

    config: Path
    listen: str = "127.0.0.1:9095"
    web_config: Path | None = None
    route_prefix: str = "/"
    log_level: str = "info"
    log_style: str = "auto"


async def serve(  # noqa: PLR0915 -- the wiring, line by line
    options: Options,
    *,
    probe: Probe | None = None,
    clock: Clock | None = None,
    on_ready: Callable[[int], None] | None = None,
) -> int:
    """Run the daemon until SIGTERM or SIGINT. Return the exit code.

    Long because it is the wiring: each line makes one part from the parts above it. ``probe`` is
    told of commits (crash tests); ``on_ready`` gets the port.
    """
    logs.configure(options.log_style, options.log_level)
    clock = clock or SystemClock()
    read = read_configuration(options.config)
    settings, connections, root = read.settings, read.connections, read.root
    web_file = read_web_file(options.web_config)
    secrets = read_secrets(read)
    senders = Credentials(settings.web.webhook.basic_auth_users, secrets.webhook)
    host, port = listen_address(options.listen)
    prefix = route_prefix(options.route_prefix)
    refuse_open_doors(host, settings, web_file, senders)
    load = partial(load_rules, settings.rules, root, run_with=connections, asked_by=read.rules)
    loaded = load()
    # Before anything is touched: a second daemon must not take up the first one's work.
    listening = listen(host, port)
    metrics = Metrics()
    metrics.reloaded(ok=True, at=clock.now() / 1e6)

    async with AsyncExitStack() as cleanups:
        store = SqliteStore(settings.store.path, probe)
        store.open()
        cleanups.push_async_callback(store.close)
        session = make_session()
        cleanups.push_async_callback(session.close)
        clients = Clients()
        cleanups.push_async_callback(clients.close)
        reporters = make_reporters(settings, connections, secrets, session, clock)
        deliverers = [Deliverer(store, reporter, clock) for reporter in reporters]

        def nudge() -> None:
            for deliverer in deliverers:
                deliverer.nudge()

        asked = make_confirm(connections)
        slots = Slots(settings.limits.steps_in_flight, settings.limits.steps_per_backend, settings.limits.backends)
        engine = Engine(
            store, clock, slots, metrics, session=session, clients=clients, connections=connections,
            ask=asked, on_told=nudge,
        )  # fmt: skip
        names = tuple(reporter.name for reporter in reporters)
        engine.site = replace(
            site_of(settings, envelope_of(settings, connections, os.environ), names),
            table=loaded.table, confirms=asked is not None, quiet_for=longest_silence(connections),
        )  # fmt: skip
        if asked is not None:
            ends_silences = EndsSilences(asked, store, clock, engine.carrier.context_of, engine.wake)
            deliverers.append(Deliverer(store, ends_silences, clock))
        await store.do(lambda tx: dependencies.index(tx, loaded.table))
        path = AlertPath(store, engine, clock, metrics, backlog=settings.limits.backlog)
        watching = RuleWatch(settings.rules, root, loaded)
        reload = Reloading(load, engine, metrics, clock, watching).reload

        set_back = SetBack()
        webhook = Webhook(path.receive, path.reject, senders, metrics, settings.web.read_timeout)
        operate = Operate(
            lambda: health(store, path.open, deliverers, metrics, settings.limits.backlog, set_back),
            reload, metrics.registry,
        )  # fmt: skip
        api = Api(
            store, clock, engine.wake, engine.carrier.cancel_reading, logs.set_level, names, nudge,
            engine.take_up, lambda: engine.site.paused, lambda: engine.site,
        )  # fmt: skip
        application = make_application(
            webhook, operate, api, WatchedCredentials(options.web_config, web_file), settings.web.max_body,
            prefix, open_door=settings.web.allow_unauthenticated, read_timeout=settings.web.read_timeout,
        )  # fmt: skip
        runner = web.AppRunner(
            application, access_log=None, handle_signals=False, shutdown_timeout=min(settings.drain, LAST_REQUESTS),
            keepalive_timeout=settings.web.idle_timeout,
            lingering_time=2.0,  # seconds for a body that is not wanted, so that its sender reads why
            auto_decompress=False,  # a few compressed bytes could become very many
        )  # fmt: skip
        await runner.setup()
        cleanups.push_async_callback(runner.cleanup)
        watch(metrics, store, engine, deliverers, set_back)
        pause_files = [PauseFile(engine, root / file, clock) for file in (settings.pause.file,) if file is not None]
        for pause_file in pause_files:
            pause_file.look()
        stop = stop_event(reload)
        # Old work is taken up before new alerts come in, so that what was first stays first.
        await recover(store, path, engine, read_notification, stop.is_set)
        dead: list[BaseException] = []
        for task in (
            engine.dispatch(),
            upkeep(store, engine, clock, Kept(settings.retention.age, settings.retention.runs), set_back),
            *(deliverer.deliver() for deliverer in deliverers),
            *(pause_file.watch() for pause_file in pause_files),
            *([watching.watch(lambda: reload("file watch"))] if settings.watch_rules else []),
        ):
            start(cleanups, task, dead)
        most = settings.web.max_connections
        site = BoundedSite(runner, listening, most, ssl_context=web_file.tls, backlog=BACKLOG)
        await site.start()
        watch_door(metrics, site.door)
        bound = listening.getsockname()[1]
        operate.ready = True
        settle_memory()
        log.info("ready", listen=f"{host}:{bound}", version=__version__, rules=len(loaded.table.rules),
                 max_mode=str(settings.max_mode), reporters=list(names))  # fmt: skip
        for warning in missing_files(read):
            log.warning("configuration", problem=str(warning))
        for warning in loaded.warnings:
            log.warning("rule file", problem=str(warning))
        if on_ready:
            on_ready(bound)
        await stop.wait()
        operate.ready = False
        webhook.stopping = path.stopping = True
        cut = await engine.stop(settings.drain)
        log.info("stopped", cut_off=cut, open_runs=len(engine.queue))
    return 1 if dead else 0


def run(options: Options, **more: Any) -> int:
    """Run the daemon on uvloop where it is installed. Return the exit code."""
    try:
        import uvloop  # noqa: PLC0415 -- optional
    except ImportError:
        return asyncio.run(serve(options, **more))
    return int(uvloop.run(serve(options, **more)))
