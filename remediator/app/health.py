"""How the daemon is: the checks of ``/health``, and the gauges whose values are asked for at each scrape."""

from __future__ import annotations

import resource
from collections.abc import Sequence

from remediator.engine.advance import Engine
from remediator.engine.deliver import Deliverer
from remediator.engine.set_back import SetBack
from remediator.interfaces.metrics import Metrics
from remediator.interfaces.web.connections import Door
from remediator.interfaces.web.operate import Check
from remediator.store.sqlite import SqliteStore


def health(
    store: SqliteStore, backlog: int, deliverers: Sequence[Deliverer], metrics: Metrics, most: int, set_back: SetBack
) -> tuple[Check, ...]:
    """Return the named checks of ``/health``. ``backlog``: open runs, as senders are judged by; ``most``: too many."""
    rules_ok = bool(metrics.registry.get_sample_value("remediator_config_last_reload_successful"))
    return (
        Check("store", ok=not store.failing, detail=store.failing, vital=True),
        Check("rules", ok=rules_ok, detail="" if rules_ok else "the last reload failed; the old table stays"),
        Check("backlog", ok=backlog < most, detail=f"{backlog} of {most} open runs"),
        Check("clock", ok=not set_back.seconds, detail=set_back.detail),
        *(Check(f"reporter {d.reporter.name}", ok=not d.failing, detail=d.failing) for d in deliverers),
    )


def watch(
    metrics: Metrics, store: SqliteStore, engine: Engine, deliverers: Sequence[Deliverer], set_back: SetBack
) -> None:
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
        "remediator_clock_behind_seconds", "How far the clock was set back behind the rows of open runs.", "",
        lambda: {"": set_back.seconds},
    )  # fmt: skip
    metrics.watch(
        "remediator_max_resident_memory_bytes", "The most memory it has had.", "",
        lambda: {"": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0},
    )  # fmt: skip


def watch_door(metrics: Metrics, door: Door) -> None:
    """Gauges about the connections that are open, and those that had to make room."""
    metrics.watch("remediator_web_connections", "Open connections.", "", lambda: {"": float(len(door))})
    metrics.watch(
        "remediator_web_connections_closed", "Connections closed since the start, because there were too many.", "",
        lambda: {"": float(door.closed)},
    )  # fmt: skip
