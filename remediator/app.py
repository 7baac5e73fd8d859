"""All wiring, in one straight function. Clean-ups are named and run last in, first out."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from aiohttp import web

from remediator import __version__, logs
from remediator.actions import registry
from remediator.actions.context import Clients, Context
from remediator.core.alert import Standing
from remediator.core.guards import Envelope
from remediator.core.guide import ThrottleText
from remediator.core.limits import Flapping, Rung, Storm, Throttle
from remediator.core.problems import Problem
from remediator.core.reporting import Reporter
from remediator.core.rule_changes import rule_changes
from remediator.engine.advance import Engine
from remediator.engine.clock import Clock, SystemClock, new_id
from remediator.engine.deliver import Deliverer
from remediator.engine.limits import Slots
from remediator.engine.path import Path as AlertPath
from remediator.engine.path import recover
from remediator.engine.pause_file import PauseFile
from remediator.engine.perform import Confirm
from remediator.engine.silences import EndsSilences
from remediator.engine.upkeep import Kept, upkeep
from remediator.engine.work import Site
from remediator.errors import ConfigurationError, StoreError
from remediator.interfaces.alertmanager import read_notification
from remediator.interfaces.configuration import Connections, WebFile, read_settings, read_web_file, secret
from remediator.interfaces.metrics import Metrics
from remediator.interfaces.rule_files import load_rules
from remediator.interfaces.rule_files.audited import note_rejected, note_reload
from remediator.interfaces.rule_files.watching import RuleWatch
from remediator.interfaces.web.api import Api
from remediator.interfaces.web.auth import Credentials, is_loopback
from remediator.interfaces.web.connections import BoundedSite
from remediator.interfaces.web.operate import Check, Operate
from remediator.interfaces.web.server import make_application
from remediator.interfaces.web.watched import WatchedCredentials
from remediator.interfaces.web.webhook import Webhook
from remediator.settings import LimitSettings, Settings
from remediator.store import dependencies, inbox
from remediator.store.facts import SiteLimits
from remediator.store.sqlite import Probe, SqliteStore, Tx, Unit

log = structlog.get_logger("remediator")

BACKLOG = 1024  #: connections that wait to be accepted


@dataclass(frozen=True, slots=True)
class Options:
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
    settings, connections = read_settings(options.config)
    root = options.config.parent.resolve()
    web_file = read_web_file(options.web_config)
    webhook_credentials = Credentials(
        settings.web.webhook.basic_auth_users, secret(settings.web.webhook.bearer_token_file, root)
    )
    host, port = listen_address(options.listen)
    refuse_open_doors(host, settings, web_file, webhook_credentials)
    loaded = load_rules(settings.rules, root, connections)
    # Before anything is touched: a second daemon must not take up the first one's work.
    listening = listen(host, port)
    metrics = Metrics()
    metrics.reloaded(ok=True, at=clock.now() / 1e6)

    async with AsyncExitStack() as cleanups:
        store = SqliteStore(settings.store.path, probe)
        store.open()
        cleanups.push_async_callback(store.close)
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60), auto_decompress=True,
            cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, headers={"User-Agent": f"remediator/{__version__}"},
        )  # fmt: skip
        cleanups.push_async_callback(session.close)
        clients = Clients()
        cleanups.push_async_callback(clients.close)
        reporters = make_reporters(settings, connections, root, session, clock)
        deliverers = [Deliverer(store, reporter, clock) for reporter in reporters]
        asked = make_confirm(connections)

        def nudge() -> None:
            for deliverer in deliverers:
                deliverer.nudge()

        slots = Slots(settings.limits.steps_in_flight, settings.limits.steps_per_backend, settings.limits.backends)
        engine = Engine(
            store, clock, slots, metrics, session=session, clients=clients, connections=connections,
            ask=asked, on_told=nudge,
        )  # fmt: skip
        engine.site = site_of(
            settings, envelope_of(settings, connections, os.environ), tuple(reporter.name for reporter in reporters)
        )
        engine.site = replace(engine.site, table=loaded.table, confirms=asked is not None)
        if asked is not None:
            longest = getattr(connections["alertmanager"]["default"], "longest_silence", 0.0)
            engine.site = replace(engine.site, quiet_for=longest)
            ends_silences = EndsSilences(asked, store, clock, engine.context_of, engine.wake)
            deliverers.append(Deliverer(store, ends_silences, clock))
        await store.do(lambda tx: dependencies.index(tx, loaded.table))
        path = AlertPath(store, engine, clock, metrics, backlog=settings.limits.backlog)

        async def reject(field: str, reason: str, body: bytes) -> None:
            now = clock.now()
            await store.do(lambda tx: inbox.store_rejected(tx, new_id(now), field, reason, body, now))

        reloading = asyncio.Lock()

        watching = RuleWatch(settings.rules, root, loaded)

        async def reload(who: str) -> str:
            async with reloading:
                return await reload_rules(settings, root, connections, engine, metrics, clock, watching, who)

        webhook = Webhook(path.receive, reject, webhook_credentials, metrics, settings.web.read_timeout)
        operate = Operate(lambda: health(store, engine, deliverers, metrics, settings), reload, metrics.registry)
        api = Api(
            store, clock, engine.wake, engine.cancel_reading, logs.set_level, engine.site.reporters, nudge,
            engine.take_up, lambda: engine.site.paused, lambda: engine.site,
        )  # fmt: skip
        operators = WatchedCredentials(options.web_config, web_file)
        application = make_application(
            webhook,
            operate,
            api,
            operators,
            settings.web.max_body,
            options.route_prefix,
            open_door=settings.web.allow_unauthenticated,
            read_timeout=settings.web.read_timeout,
        )
        runner = web.AppRunner(
            application, access_log=None, handle_signals=False, shutdown_timeout=settings.drain,
            keepalive_timeout=settings.web.idle_timeout,
            lingering_time=2.0,  # seconds for a body that is not wanted, so that its sender reads why
            auto_decompress=False,  # a few compressed bytes could become very many
        )  # fmt: skip
        await runner.setup()
        cleanups.push_async_callback(runner.cleanup)
        watch(metrics, store, engine, deliverers)
        dead: list[BaseException] = []
        pause_files = [PauseFile(engine, root / file, clock) for file in (settings.pause.file,) if file is not None]
        for pause_file in pause_files:
            pause_file.look()
        # Old work is taken up before new alerts come in, so that what was first stays first.
        await recover(store, path, engine, read_notification)
        for task in (
            engine.dispatch(),
            upkeep(store, engine, clock, Kept(settings.retention.age, settings.retention.runs)),
            *(deliverer.deliver() for deliverer in deliverers),
            *(pause_file.watch() for pause_file in pause_files),
            *([watching.watch(lambda: reload("file watch"))] if settings.watch_rules else []),
        ):
            start(cleanups, task, dead)
        most = settings.web.max_connections
        site = BoundedSite(runner, listening, most, ssl_context=web_file.tls, backlog=BACKLOG)
        await site.start()
        metrics.watch("remediator_web_connections", "Open connections.", "", lambda: {"": float(len(site.door))})
        bound = listening.getsockname()[1]
        operate.ready = True
        settle_memory()
        stop = stop_event(reload)
        log.info("ready", listen=f"{host}:{bound}", version=__version__, rules=len(loaded.table.rules),
                 max_mode=str(settings.max_mode), reporters=[reporter.name for reporter in reporters])  # fmt: skip
        for warning in loaded.warnings:
            log.warning("rule file", problem=str(warning))
        if on_ready:
            on_ready(bound)
        await stop.wait()
        operate.ready = False
        webhook.stopping = True
        cut = await engine.stop(settings.drain)
        log.info("stopped", cut_off=cut, open_runs=len(engine.queue))
    return 1 if dead else 0


def settle_memory() -> None:
    """What was loaded stays: the collector need not look at it again, and young garbage is looked at less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def start(cleanups: AsyncExitStack, work: Any, dead: list[BaseException]) -> None:
    """Run something in the background until the end; if it dies, so does the daemon."""
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def died(done: asyncio.Task[Any]) -> None:
        if not done.cancelled() and (error := done.exception()):
            log.critical("a part of the daemon died; it stops and can be started again", exc_info=error)
            dead.append(error)
            signal.raise_signal(signal.SIGTERM)

    task.add_done_callback(died)
    cleanups.push_async_callback(end)


def stop_event(reload: Callable[[str], Awaitable[str]]) -> asyncio.Event:
    """Set on SIGTERM and SIGINT; SIGHUP reloads."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    reloading: set[asyncio.Task[str | None]] = set()

    async def quietly() -> str | None:
        try:
            return await reload("SIGHUP")
        except (ConfigurationError, StoreError):
            return None  # said in the log and in the metric

    def again() -> None:
        task = asyncio.create_task(quietly())
        reloading.add(task)
        task.add_done_callback(reloading.discard)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, again)
    return stop


async def reload_rules(
    settings: Settings,
    root: Path,
    connections: Connections,
    engine: Engine,
    metrics: Metrics,
    clock: Clock,
    watching: RuleWatch,
    who: str,
) -> str:
    """Read the rule files again. Bad ones leave the old table; what changed is logged and audited rule by rule."""
    old = engine.site.table
    try:
        loaded = await asyncio.to_thread(load_rules, settings.rules, root, connections)
    except ConfigurationError as error:
        metrics.reloaded(ok=False, at=0)
        wrong = error.problems
        await in_the_trail(engine.store, lambda tx: note_rejected(tx, who, old, wrong, clock.now()))
        for problem in error.problems:
            log.error("not reloaded; the old rule table stays", problem=str(problem))
        raise
    changes = rule_changes(old, loaded.table)
    engine.site = replace(engine.site, table=loaded.table)

    def written(tx: Tx) -> None:
        dependencies.index(tx, loaded.table)
        note_reload(tx, who, old, loaded.table, clock.now())

    await in_the_trail(engine.store, written)
    watching.read(loaded)
    metrics.reloaded(ok=True, at=clock.now() / 1e6)
    for name in changes.added:
        log.info("rule added", rule=name)
    for name in changes.removed:
        log.info("rule removed", rule=name)
    for name, fields in changes.changed.items():
        log.info("rule changed", rule=name, fields=list(fields))
    for warning in loaded.warnings:
        log.warning("rule file", problem=str(warning))
    count = len(loaded.table.rules)
    log.info("reloaded", rules=count, changes=str(changes), revision=loaded.table.revision)
    return f"{count} rules: {changes}"


async def in_the_trail(store: SqliteStore, unit: Unit[None]) -> None:
    """Write into the audit trail what has happened already; a store that refuses does not undo it."""
    try:
        await store.do(unit)
    except StoreError as error:
        log.error("not in the audit trail", error=str(error))


def listen_address(text: str) -> tuple[str, int]:
    """Return host and port of ``host:port``; an empty host means every address."""
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 -- the largest port
        raise ConfigurationError(
            (Problem(f'--web.listen-address takes host:port, such as 127.0.0.1:9095, not "{text}"'),)
        )
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 -- what an empty host means to Prometheus, too


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; who connects before all is ready waits in its backlog."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigurationError((Problem(f"cannot listen on {host}:{port}: {error.strerror or error}"),)) from error


def refuse_open_doors(host: str, settings: Settings, web_file: WebFile, webhook: Credentials) -> None:
    """Only loopback is served without authentication."""
    if is_loopback(host) or settings.web.allow_unauthenticated:
        return
    missing = []
    if not web_file.users:
        missing.append("operators: give --web.config.file with basic_auth_users")
    if not webhook.required:
        missing.append("senders of alerts: set web.webhook.bearer_token_file or basic_auth_users")
    if missing:
        raise ConfigurationError((Problem(
            f"{host} can be reached from elsewhere, but nobody would have to log in; " + "; ".join(missing),
            hint="or listen on 127.0.0.1; or, behind a proxy that authenticates, web.allow_unauthenticated: true",
        ),))  # fmt: skip


def envelope_of(settings: Settings, connections: Connections, environ: Mapping[str, str]) -> Envelope:
    """Return what may be changed: never ourselves, unless the site says so. A restart would cut off its own run."""
    allow = settings.allow
    own = () if allow.own_workload else registry.own_places(connections, environ)
    if own:
        log.info("the daemon's own workload is protected", places=own, lifted_by="allow.own_workload")
    return Envelope(allow.targets, (*allow.protected, *own), settings.policy.policy())


def site_of(settings: Settings, envelope: Envelope, reporters: tuple[str, ...]) -> Site:
    """Return what binds every run, from the settings."""
    limits = settings.limits
    return Site(
        max_mode=settings.max_mode,
        envelope=envelope,
        limits=limits_of(limits),
        backend_breaker=settings.backend_breaker.limits(),
        outcome_breaker=settings.outcome_breaker.limits(),
        hold_max=limits.hold_max,
        grace=limits.grace,
        reporters=reporters,
        ladders={
            severity: tuple(Rung(rung.after, rung.tell) for rung in rungs)
            for severity, rungs in settings.escalation.ladders.items()
        },
    )


def limits_of(limits: LimitSettings) -> SiteLimits:
    """Return the site's limits, from the settings."""
    storm, flapping = limits.storm, limits.flapping
    return SiteLimits(
        per_target=_throttle(limits.per_target),
        per_namespace=_throttle(limits.per_namespace),
        overall=_throttle(limits.overall),
        budget=_throttle(limits.budget),
        budget_per_namespace=_throttle(limits.budget_per_namespace),
        budget_per_cluster=_throttle(limits.budget_per_cluster),
        storm=Storm(storm.max, storm.per, storm.calm, storm.resume) if storm else None,
        loop_guard=limits.loop_guard,
        stale=limits.stale,
        flapping=Flapping(flapping.max, flapping.per, flapping.quiet) if flapping else None,
    )


def _throttle(text: ThrottleText | None) -> Throttle | None:
    return Throttle(text.max, text.per) if text else None


def make_reporters(
    settings: Settings, connections: Connections, root: Path, session: aiohttp.ClientSession, clock: Clock
) -> list[Reporter]:
    """Return Slack, or what there is without it: the console, and Alertmanager for escalations."""
    reporters: list[Reporter] = []
    slack = settings.slack
    if slack is not None:
        from remediator.interfaces.slack import SlackReporter, SlackWebhookReporter  # noqa: PLC0415 -- only when used

        if slack.webhook_url_file:
            reporters.append(SlackWebhookReporter(secret(slack.webhook_url_file, root), session))
        else:
            token = secret(slack.token_file, root)
            api, mention = slack.api_url, slack.mention
            reporters.append(SlackReporter(token, slack.channel or "", session, api_url=api, mention=mention))
    if settings.report.console == "on" or (settings.report.console == "auto" and slack is None):
        from remediator.interfaces.console import ConsoleReporter  # noqa: PLC0415 -- only when used

        reporters.append(ConsoleReporter(sys.stdout))
    alertmanager = connections.get("alertmanager", {}).get(settings.report.escalate_to or "")
    if slack is None and alertmanager is not None:
        from remediator.actions.answers.access import credentials  # noqa: PLC0415 -- see above
        from remediator.interfaces.escalate_alertmanager import AlertmanagerEscalation  # noqa: PLC0415 -- only when used

        known = credentials(alertmanager)  # type: ignore[arg-type]  # the registry's model of this system
        reporters.append(
            AlertmanagerEscalation(str(getattr(alertmanager, "url", "")), session, now=clock.now, headers=known.headers)
        )
    return reporters


def make_confirm(connections: Connections) -> Confirm | None:
    """Return who can be asked how an alert stands, and can silence it: Alertmanager, when it is configured."""
    if "default" not in connections.get("alertmanager", {}):
        return None
    from remediator.actions.alertmanager import working  # noqa: PLC0415 -- only when used

    class AskAlertmanager:
        async def state_of(self, labels: dict[str, str], context: Context) -> Standing:
            return await working.standing(context, "default", labels)

        async def silence(self, labels: dict[str, str], ends_at: int, why: str, context: Context) -> dict[str, Any]:
            return await working.silence_while_working(context, "default", labels, ends_at, why)

        async def loud_again(self, labels: dict[str, str], ends: tuple[int, ...], context: Context) -> int:
            return await working.loud_again(context, "default", labels, ends)

    return AskAlertmanager()


def health(
    store: SqliteStore, engine: Engine, deliverers: list[Deliverer], metrics: Metrics, settings: Settings
) -> tuple[Check, ...]:
    """Return the named checks of ``/health``."""
    rules_ok = bool(metrics.registry.get_sample_value("remediator_config_last_reload_successful"))
    backlog = len(engine.queue)
    return (
        Check("store", ok=not store.failing, detail=store.failing, vital=True),
        Check("rules", ok=rules_ok, detail="" if rules_ok else "the last reload failed; the old table stays"),
        Check(
            "backlog", ok=backlog < settings.limits.backlog, detail=f"{backlog} of {settings.limits.backlog} open runs"
        ),
        *(Check(f"reporter {d.reporter.name}", ok=not d.failing, detail=d.failing) for d in deliverers),
    )


def watch(metrics: Metrics, store: SqliteStore, engine: Engine, deliverers: list[Deliverer]) -> None:
    """Gauges whose values are asked for at each scrape."""
    metrics.watch("remediator_open_runs", "Runs that are not over.", "", lambda: {"": float(len(engine.queue))})
    metrics.watch(
        "remediator_steps_in_flight", "Steps in flight, by backend.", "backend", lambda: dict(engine.slots.used())
    )
    metrics.watch("remediator_store_commits", "Commits since the start.", "", lambda: {"": float(store.commits)})
    metrics.watch(
        "remediator_store_units",
        "Units since the start; units per commit show sharing.",
        "",
        lambda: {"": float(store.units)},
    )
    metrics.watch(
        "remediator_store_failing", "1 while the store refuses.", "", lambda: {"": float(bool(store.failing))}
    )
    metrics.watch(
        "remediator_reporter_failing", "1 while the last telling failed.", "reporter",
        lambda: {d.reporter.name: float(bool(d.failing)) for d in deliverers},
    )  # fmt: skip
    metrics.watch(
        "remediator_report_delay_seconds", "How long the oldest untold report has waited.", "reporter",
        lambda: {d.reporter.name: d.delay() for d in deliverers},
    )  # fmt: skip
    metrics.watch(
        "remediator_max_resident_memory_bytes", "The most memory it has had.", "",
        lambda: {"": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0},
    )  # fmt: skip


def run(options: Options, **more: Any) -> int:
    """Run the daemon on uvloop where it is installed. Return the exit code."""
    try:
        import uvloop  # noqa: PLC0415 -- optional
    except ImportError:
        return asyncio.run(serve(options, **more))
    return int(uvloop.run(serve(options, **more)))
