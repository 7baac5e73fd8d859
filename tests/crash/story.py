"""Alerts, rules and a driver that behaves as Alertmanager and as the person who approves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from crash import ledger
from crash.ledger import Ledger
from crash.nursery import Daemon
from crash.sink import Book
from fakes.starved import Limit

RULES = """
rules:
  - {name: once, match: 'alertname = "Once"', guide: once, mode: auto}
  - {name: full, match: 'alertname = "Full"', guide: full, mode: auto}
  - {name: twice, match: 'alertname = "Twice"', guide: twice, mode: auto}
  - {name: asks, match: 'alertname = "Asks"', guide: asks, mode: ask}
  - {name: waits, match: 'alertname = "Waits"', guide: once, mode: auto, for: 1h}
  - {name: observes, match: 'alertname = "Observes"', guide: full, mode: observe}
guides:
  once:
    summary: One change that must not be repeated
    parameters: {who: {default: "{{ alert.fingerprint }}"}}  # so that no two are equal
    target: "http/sink/{{ labels.place }}"
    remedies:
      - name: post
        steps:
          - http.request: {method: POST, url: "SINK/effect/{{ alert.fingerprint }}"}
  full:
    summary: A diagnosis, two changes of which one may be repeated, and a verification
    parameters: {who: {default: "{{ alert.fingerprint }}"}}  # so that no two are equal
    target: "http/sink/{{ labels.place }}"
    diagnose:
      - id: look
        http.probe: {url: "SINK/look/{{ alert.fingerprint }}"}
    remedies:
      - name: put and post
        when: steps.look.status == 200
        steps:
          - http.request: {method: PUT, url: "SINK/switch/{{ alert.fingerprint }}"}
          - http.request: {method: POST, url: "SINK/effect/{{ alert.fingerprint }}"}
    verify:
      within: 20s
      interval: 100ms
      all:
        - http.probe: {url: "SINK/check/{{ alert.fingerprint }}"}
  twice:
    summary: The first remedy does not help, the second does
    parameters: {who: {default: "{{ alert.fingerprint }}"}}  # so that no two are equal
    target: "http/sink/{{ labels.place }}"
    diagnose:
      - id: peek
        http.probe: {url: "SINK/peek/{{ alert.fingerprint }}"}
    remedies:
      - name: put
        steps:
          - http.request: {method: PUT, url: "SINK/switch/{{ alert.fingerprint }}"}
      - name: post
        steps:
          - http.request: {method: POST, url: "SINK/effect/{{ alert.fingerprint }}"}
    verify:
      within: 100ms
      interval: 100ms
      all:
        - http.probe: {url: "SINK/check/{{ alert.fingerprint }}"}
  asks:
    summary: A change that a person approves
    parameters:
      place: {default: "{{ labels.place }}"}
    target: "http/sink/{{ params.place }}"
    remedies:
      - name: post
        steps:
          - http.request: {method: POST, url: "SINK/effect/{{ params.place }}"}
"""

#: How a run may end when nothing but kills disturbs it. Any but the observing ones may be ``unknown`` too.
ENDS = {
    "once": {"unverified", "unknown"},
    "full": {"succeeded", "unknown"},
    "twice": {"succeeded", "unknown"},
    "asks": {"unverified", "unknown"},
    "waits": {"cancelled", "held"},
    "observes": {"observed"},
}

CONFIG = """
max_mode: auto
rules: [rules.yaml]
allow: {targets: ["http/**"]}
limits:
  LIMITS
  per_target: {max: 100000, per: 1h}
  per_namespace: null
  overall: {max: 1000000, per: 1h}
  budget: null
  storm: null
  flapping: null
  loop_guard: 0s
  stale: 0s
outcome_breaker: {failures: 1000000}
store: {path: store.db}
report: {console: "CONSOLE"}
drain: 5s
"""


class DiedError(Exception):
    """The daemon ended while it was spoken to."""


@dataclass(frozen=True)
class Notice:
    """One notification that will be sent until it is acknowledged."""

    alerts: tuple[dict[str, Any], ...]

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Whom it says to be firing."""
        return tuple(a["fingerprint"] for a in self.alerts if a["status"] == "firing")


def alert(kind: str, name: str, *, place: str = "", firing: bool = True) -> dict[str, Any]:
    """Return one element of ``alerts``. ``name`` is its fingerprint; without ``place`` it has a target of its own."""
    return {
        "status": "firing" if firing else "resolved",
        "labels": {"alertname": kind, "name": name, "place": place or name, "severity": "warning"},
        "annotations": {"summary": f"{kind} {name}"},
        "startsAt": "2099-01-01T00:00:00Z" if kind == "Waits" else "2026-01-01T00:00:00Z",  # "for" counts from it
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": name,
    }


def notice(*alerts: dict[str, Any]) -> Notice:
    """Return a notification of these alerts."""
    return Notice(alerts)


def lay_out(root: Path, sink: str, *, console: str = "on", rules: str = RULES, limits: str = "") -> Path:
    """Write configuration and rules; return the configuration's file. ``limits`` are lines to put under that key."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "rules.yaml").write_text(rules.replace("SINK", sink))
    (root / "remediator.yml").write_text(CONFIG.replace("CONSOLE", console).replace("  LIMITS\n", limits))
    return root / "remediator.yml"


@dataclass
class Story:
    """What is sent to one store, over all the lives of its daemon."""

    root: Path
    book: Book
    session: aiohttp.ClientSession
    acknowledged: dict[str, Notice] = field(default_factory=dict)  #: by the id that was answered
    approved: set[str] = field(default_factory=set)
    #: Steps that were in flight at a kill and must not be repeated; and how many of them there were, kill by kill.
    may_be_unknown: set[str] = field(default_factory=set)
    in_flight: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    _then: list[tuple[Ledger, dict[str, int], dict[str, int]]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """What the daemon printed."""
        return self.root / "daemon.log"

    def read(self) -> Ledger:
        """Return what the store says."""
        return ledger.read(self.root / "store.db")

    async def call(self, daemon: Daemon, method: str, path: str, document: Any = None) -> tuple[int, Any]:
        """Return status and JSON of an answer. Raise DiedError when there is none."""
        data = None if document is None else json.dumps(document)
        headers = {"Content-Type": "application/json"} if data else {}
        if daemon.port is None:
            raise DiedError
        try:
            async with self.session.request(method, daemon.url + path, data=data, headers=headers) as response:
                return response.status, await response.json(content_type=None)
        except (aiohttp.ClientError, ConnectionError) as error:
            raise DiedError from error

    async def send(self, daemon: Daemon, sent: Notice) -> None:
        """Send once; what is answered 202 is acknowledged."""
        body = {"version": "4", "receiver": "r", "groupKey": "g", "truncatedAlerts": 0, "alerts": list(sent.alerts)}
        status, answer = await self.call(daemon, "POST", "/api/v1/alertmanager", body)
        if status == 202:
            self.acknowledged[answer["notification"]] = sent
        else:
            self.wrong.append(f"a notification was answered {status}: {answer}")

    async def approve(self, daemon: Daemon) -> None:
        """Approve every run that waits for it."""
        _, waiting = await self.call(daemon, "GET", "/api/v1/runs?status=awaiting_approval&limit=1000")
        for run in waiting:
            path = f"/api/v1/runs/{run['id']}/approve"
            status, answer = await self.call(daemon, "POST", path, {"reason": "yes", "who": "a person"})
            if status == 200:
                self.approved.add(run["id"])
            elif status != 409:
                self.wrong.append(f"an approval was answered {status}: {answer}")

    async def settle(self, daemon: Daemon, *, limit: float = 15.0) -> Ledger:
        """Wait until nothing is left to do; approve what asks for it."""
        until = Limit(limit, daemon.pid)
        while True:
            if daemon.code is not None:
                raise DiedError
            now = self.read()
            if now.settled():
                return now
            if until.over:
                left = [run for run in now.runs.values() if not run.over]
                self.wrong.append(f"not settled within {limit}s: {left[:5]}, {now.untold} reports are untold")
                return now
            if any(run.status == "awaiting_approval" for run in now.runs.values()):
                await self.approve(daemon)
            await asyncio.sleep(0.03)

    async def settle_unknown(self, daemon: Daemon) -> None:
        """Say of every unknown run what became of it, as a person who has looked."""
        for run in self.read().unknown():
            wish = {"reason": "I looked", "happened": True}
            status, answer = await self.call(daemon, "POST", f"/api/v1/runs/{run}/settle", wish)
            if status not in (200, 409):
                self.wrong.append(f"settling was answered {status}: {answer}")

    async def free(self, daemon: Daemon, *, limit: float = 15.0) -> None:
        """Settle what is unknown: that frees all that waited for it."""
        await self.settle_unknown(daemon)
        end = await self.settle(daemon, limit=limit)
        self.wrong += [f"run {run.id} is {run.status} at the very end" for run in end.runs.values() if not run.over]
        self.wrong += [f"{scope} is locked at the very end" for scope, _ in end.locks]

    def note_death(self) -> None:
        """Look at the store as the kill left it, and at what it forbids from now on."""
        then = self.read()
        self.wrong += ledger.broken_at_death(then, self.book, self.acknowledged)
        self._then.append((then, self.book.counts(), dict(self.book.looks)))
        once = {step.sent_as for step in then.begun if step.once}
        self.may_be_unknown |= once
        self.in_flight.append(len(once))

    def note_life(self) -> None:
        """Compare what has happened with what the earlier deaths had left as done."""
        for then in self._then:
            self.wrong += ledger.broken_since(*then, self.book)
        del self._then[:-1]

    def judge(self, end: Ledger) -> None:
        """Hold the end against everything that was promised."""
        self.note_life()
        self.wrong += ledger.broken_at_the_end(end, self.book, self.may_be_unknown)
        decided = {who for who, _, _ in end.decisions}
        for said, sent in self.acknowledged.items():
            self.wrong += [f"{who} was acknowledged in {said}, but has no episode"
                           for who in sent.fingerprints if who not in end.fingerprints]  # fmt: skip
            self.wrong += [f"{a['fingerprint']} was acknowledged in {said}, but nothing was decided"
                           for a in firing(sent) if a["fingerprint"] not in decided]  # fmt: skip
        ended = [run for run in end.runs.values() if run.over and not run.settled]
        self.wrong += [
            f"run {run.id} of {run.rule} ended {run.status}" for run in ended if run.status not in ENDS[run.rule]
        ]
        acted = {step.run for step in end.steps if step.phase == "act"}
        self.wrong += [f"{run} was approved, but ended {end.runs[run].status}"
                       for run in self.approved - acted if end.runs[run].over]  # fmt: skip
        self.wrong += [f"the daemon logged: {line[:400]}" for line in self.complaints()]

    def complaints(self) -> Iterator[str]:
        """Yield the lines of the log that tell of a defect."""
        for line in self.log.read_text().splitlines():
            if '"level":"error"' in line or '"level":"critical"' in line or "Traceback" in line or "exception" in line:
                yield line


def firing(sent: Notice) -> Iterable[dict[str, Any]]:
    """Return the alerts that fire and that a rule is about."""
    return [a for a in sent.alerts if a["status"] == "firing" and a["labels"]["alertname"] != "Nobody"]
