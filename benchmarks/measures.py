"""The measures: each starts the load generator as a process of its own and returns what it saw."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contenders import HERE, Contender, Started, stop

SETTLED = 1.0  #: seconds after it became ready until its memory is read


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is sent."""

    actions: int = 4_000  #: single-alert webhooks in the closed loop
    senders: int = 32
    latency_seconds: float = 20.0
    latency_rate: float = 20.0
    bodies: int = 10  #: of ``body_alerts`` alerts each
    body_alerts: int = 500
    storm_alerts: int = 10_000
    storm_seconds: float = 60.0
    kill_sent: int = 200
    kill_after: int = 100
    warm: int = 100  #: webhooks sent before anything is measured


QUICK = Sizes(actions=400, latency_seconds=2.0, bodies=2, storm_alerts=300, storm_seconds=2.0, warm=20)

Report = dict[str, Any]  #: what load.py prints
Figures = dict[str, float]  #: by the keys of the table's rows


class LoadError(Exception):
    """The load generator failed, or a receiver that must not lose anything did."""


@contextmanager
def running_sink(folder: Path) -> Iterator[str]:
    """Run the sink; give its URL."""
    with (folder / "sink.log").open("ab") as log:
        command = [sys.executable, str(HERE / "sink.py"), "--port=0"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
    try:
        assert process.stdout is not None
        first = process.stdout.readline().decode().split()
        if len(first) < 3:
            raise LoadError(f"the sink did not start; see {folder / 'sink.log'}")
        yield f"http://{first[2]}"
    finally:
        stop(process.pid)
        process.wait()


def load(contender: Contender, port: int, *options: str) -> Report:
    """Run load.py against a contender, return its report."""
    url = f"http://127.0.0.1:{port}{contender.hook}"
    command = [sys.executable, str(HERE / "load.py"), "--json", "--url", url, "--sink", contender.sink, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise LoadError(f"the load generator failed:\n{done.stderr[-2000:]}")
    report: Report = json.loads(done.stdout)
    return report


def complete(contender: Contender, report: Report) -> Report:
    """Return the report if all that was sent was accepted and done; a figure with losses means nothing."""
    if report["lost"] or report["duplicated"] or report["accepted"] != report["webhooks"]:
        told = {key: report[key] for key in ("mode", "codes", "accepted", "webhooks", "lost", "duplicated")}
        raise LoadError(f"{contender.name} did not do all that was sent: {told}; its log is {contender.log}")
    return report


def idle_megabytes(started: Started) -> float:
    """Return its memory before any load."""
    time.sleep(SETTLED)
    return started.megabytes


def warm_up(contender: Contender, started: Started, sizes: Sizes) -> Figures:
    """Have it done once what is measured then: templates compiled, connections open. There is nothing to note."""
    load(contender, started.port, "-n", str(sizes.warm), "-c", "4")
    return {}


def latency(contender: Contender, started: Started, sizes: Sizes) -> Figures:
    """20 single alerts a second: from the scheduled sending to the action's arrival."""
    rate, duration = f"--rate={sizes.latency_rate}", f"--duration={sizes.latency_seconds}"
    report = complete(contender, load(contender, started.port, rate, duration))
    return {"p50_ms": report["action_p50_ms"], "p99_ms": report["action_p99_ms"]}


def throughput(contender: Contender, started: Started, sizes: Sizes) -> Figures:
    """32 senders, single alerts, each sends the next when the last is acknowledged."""
    counts = ("-n", str(sizes.actions), "-c", str(sizes.senders))
    return {"actions_per_s": complete(contender, load(contender, started.port, *counts))["actions_per_s"]}


def big_bodies(contender: Contender, started: Started, sizes: Sizes) -> Figures:
    """Bodies of 500 alerts, two senders."""
    counts = ("-n", str(sizes.bodies), "-c", "2", "--alerts", str(sizes.body_alerts))
    return {"bodies_per_s": complete(contender, load(contender, started.port, *counts))["actions_per_s"]}


def storm(contender: Contender, started: Started, sizes: Sizes) -> Figures:
    """10,000 single alerts in a minute: how long is a sender kept waiting?"""
    rate = f"--rate={sizes.storm_alerts / sizes.storm_seconds}"
    count, duration = ("-n", str(sizes.storm_alerts)), f"--duration={sizes.storm_seconds + 1}"
    return {"storm_ms": complete(contender, load(contender, started.port, rate, *count, duration))["ack_p99_ms"]}


def kill(contender: Contender, started: Started, sizes: Sizes) -> Figures:
    """Kill -9 in the middle of 200 webhooks, start again, send again what was not acknowledged.

    ``kill_lost`` counts alerts that were acknowledged, whose action never came, and of which the
    receiver does not say either that it cannot tell (``unknown``: a person is asked to settle it).
    Afterwards nothing runs any more.
    """
    pidfile = contender.folder / "pid"
    pidfile.write_text(str(started.process.pid))
    ours = contender.name == "remediator"
    try:
        report = load(
            contender, started.port, "-n", str(sizes.kill_sent), "--kill-after", str(sizes.kill_after),
            "--pidfile", str(pidfile), "--restart", contender.shell_command(started.port, pidfile),
            "--ready", f"http://127.0.0.1:{started.port}{contender.ready}", "--settle", "4", "--drain", "30",
        )  # fmt: skip
        unknown = unknown_ids(started.port) if ours else set()
    finally:
        for pid in {int(pidfile.read_text()), started.process.pid}:
            stop(pid)
    lost = [aid for aid in report["lost_acked_ids"] if aid not in unknown]
    found: Figures = {"kill_lost": len(lost), "kill_twice": report["duplicated"]}
    return found | {"kill_unknown": len(unknown)} if ours else found


def unknown_ids(port: int) -> set[str]:
    """Return the alert ids whose runs ended ``unknown``; the last segment of the target is the id."""
    url = f"http://127.0.0.1:{port}/api/v1/runs?status=unknown&limit=1000"
    with urllib.request.urlopen(url, timeout=10) as answer:
        runs = json.load(answer)
    return {run["target"].rpartition("/")[2] for run in runs}
