"""A short story in which every guard keeps rows of its own: budgets, a storm, an undo's timer, two persons.

One who looks finds nothing to do and gives back what it had reserved; three are one too many and are held as a storm
until a person ends it; a silence lasts for a moment and goes back by itself; a change is approved by two persons.
"""

from __future__ import annotations

import asyncio
import sqlite3
from base64 import b64encode
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
from crash import ledger
from crash.nursery import Daemon
from crash.sink import Book
from crash.story import DiedError, Notice, alert, notice

PERSONS = ("ann", "bob")
RULES = """
rules:
  - {name: idle, match: 'alertname = "Idle"', guide: idle, mode: auto, limits: {budget: {max: 9, per: 1h}}}
  - name: stormy
    match: alertname = "Stormy"
    guide: post
    mode: auto
    limits: {throttle: {max: 9, per: 1h}, storm: {max: 1, per: 1h, resume: manual}}
  - {name: lasts, match: 'alertname = "Lasts"', guide: quiet, mode: auto}
  - {name: two, match: 'alertname = "Two"', guide: danger, mode: auto}
guides:
  idle:
    summary: There is nothing to do
    target: "http/sink/{{ labels.place }}"
    diagnose:
      - id: look
        http.probe: {url: "SINK/look/{{ alert.fingerprint }}"}
    remedies:
      - name: post
        when: steps.look.status == 500
        steps:
          - http.request: {method: POST, url: "SINK/effect/{{ alert.fingerprint }}"}
  post:
    summary: A change that must not be repeated
    parameters: {who: {default: "{{ alert.fingerprint }}"}}
    target: "http/sink/{{ labels.place }}"
    remedies:
      - name: post
        steps:
          - http.request: {method: POST, url: "SINK/effect/{{ alert.fingerprint }}"}
  quiet:
    summary: A change that lasts for a moment
    target: alertmanager/sink
    remedies:
      - name: quiet for a moment
        for: 300ms
        steps:
          - alertmanager.silence: {connection: sink, duration: 1h, labels: {name: "{{ labels.name }}"}}
  danger:
    summary: A change that two persons approve
    target: "http/danger/{{ labels.place }}"
    remedies:
      - name: post
        steps:
          - http.request: {method: POST, url: "SINK/effect/{{ alert.fingerprint }}"}
"""
CONFIG = """
max_mode: auto
rules: [rules.yaml]
allow: {targets: ["http/**", "alertmanager/**"]}
policy:
  approvals: [{actions: ["http.*"], targets: ["http/danger/**"], persons: 2, by: [ann, bob]}]
limits:
  per_target: {max: 1, per: 1h}
  per_namespace: null
  overall: {max: 100, per: 1h}
  budget: {max: 100, per: 1h}
  budget_per_namespace: {max: 100, per: 1h}
  storm: null
  flapping: null
  loop_guard: 0s
  stale: 0s
outcome_breaker: {failures: 1000000}
connections: {alertmanager: {sink: {url: "SINK"}}}
store: {path: store.db}
report: {console: "on"}
drain: 5s
"""
STORY = (
    notice(alert("Idle", "i")),
    notice(alert("Stormy", "s1"), alert("Stormy", "s2"), alert("Stormy", "s3")),
    notice(alert("Lasts", "l"), alert("Two", "t")),
)
ENDS = {
    "idle": {"escalated"},
    "stormy": {"unverified", "observed", "unknown"},
    "lasts": {"unverified", "undone"},
    "two": {"unverified", "unknown"},
}
STORM = "storm:rule stormy"


def lay_out(root: Path, sink: str, hashed: str) -> tuple[Path, Path]:
    """Write configuration, rules and who may log in; return the files of the first and the last."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "rules.yaml").write_text(RULES.replace("SINK", sink))
    (root / "remediator.yml").write_text(CONFIG.replace("SINK", sink))
    users = "".join(f'  {who}: "{hashed}"\n' for who in PERSONS)
    (root / "web.yml").write_text(f"basic_auth_users:\n{users}")
    return root / "remediator.yml", root / "web.yml"


@dataclass
class Guarded:
    """What is sent and said to one store, over all the lives of its daemon."""

    root: Path
    book: Book
    session: aiohttp.ClientSession
    wrong: list[str] = field(default_factory=list)
    may_be_unknown: set[str] = field(default_factory=set)

    def ask(self, query: str, *values: object) -> list[Any]:
        """Return rows of the store."""
        with closing(sqlite3.connect(f"file:{self.root}/store.db?mode=ro", uri=True)) as db:
            return db.execute(query, values).fetchall()

    async def post(self, daemon: Daemon, path: str, document: Any, who: str = "") -> int:
        """Post a document; return the status. Raise DiedError when there is no answer."""
        if daemon.port is None:
            raise DiedError
        headers = {"Authorization": "Basic " + b64encode(f"{who}:secret".encode()).decode()} if who else {}
        try:
            async with self.session.post(daemon.url + path, json=document, headers=headers) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, ConnectionError) as error:
            raise DiedError from error

    async def send(self, daemon: Daemon, sent: Notice) -> None:
        """Send one notification."""
        body = {"version": "4", "receiver": "r", "groupKey": "g", "truncatedAlerts": 0, "alerts": list(sent.alerts)}
        if (status := await self.post(daemon, "/api/v1/alertmanager", body)) != 202:
            self.wrong.append(f"a notification was answered {status}")

    async def settle(self, daemon: Daemon, *, limit: float = 20.0) -> None:
        """Do what people do until nothing is left to be done."""
        until = asyncio.get_running_loop().time() + limit
        while True:
            if daemon.code is not None:
                raise DiedError
            left = self.ask("SELECT id, rule, status, held_scope, reason FROM run WHERE finished_at IS NULL")
            busy = self.ask("SELECT 1 FROM outbox UNION ALL SELECT 1 FROM admitting")
            if not left and not busy:
                return
            if asyncio.get_running_loop().time() > until:
                self.wrong.append(f"not settled within {limit}s: {left}")
                return
            for run, _, status, _, _ in left:
                if status == "awaiting_approval":
                    for who in PERSONS:
                        await self.post(daemon, f"/api/v1/runs/{run}/approve", {"reason": "yes"}, who)
            if left and all(scope == STORM for *_, scope, _ in left):
                await self.post(daemon, "/api/v1/resume", {"name": STORM}, "ann")
            await asyncio.sleep(0.03)

    def note_death(self) -> None:
        """Note which steps were in flight that must not be repeated."""
        then = ledger.read(self.root / "store.db")
        self.may_be_unknown |= {step.sent_as for step in then.begun if step.once}
        written = {step.sent_as for step in then.steps}
        self.wrong += [f"{key} was performed before its intent" for key in self.book.arrivals if key not in written]

    def judge(self) -> None:
        """Hold the end against what the guards promise."""
        end = ledger.read(self.root / "store.db")
        # Silences are looked at by themselves: the service that keeps them knows no keys of ours.
        steps = tuple(step for step in end.steps if end.runs[step.run].rule != "lasts")
        self.wrong += ledger.broken_at_the_end(replace(end, steps=steps), self.book, self.may_be_unknown)
        for run in end.runs.values():
            if run.status not in ENDS[run.rule]:
                self.wrong.append(f"run {run.id} of {run.rule} ended {run.status}")
        self._judge_reservations()
        self._judge_storm()
        self._judge_the_silence()
        self._judge_approvals()
        for line in (self.root / "daemon.log").read_text().splitlines():
            if '"level":"error"' in line or '"level":"critical"' in line or "Traceback" in line:
                self.wrong.append(f"the daemon logged: {line[:400]}")

    def _judge_reservations(self) -> None:
        """Who changed something is counted once in each scope, and who changed nothing nowhere."""
        acted = dict(self.ask("SELECT DISTINCT r.id, r.target FROM run r JOIN step s ON s.run = r.id"
                              " WHERE r.undoes = '' AND s.phase = 'act' AND s.attempt > 0"))  # fmt: skip
        for table, scope in (("spent", "everything"), ("touched", "everything")):
            counted = sorted(run for (run,) in self.ask(f"SELECT run FROM {table} WHERE scope = ?", scope))
            if counted != sorted(acted):
                self.wrong.append(f"{table} has {counted}, and {sorted(acted)} have changed something")
        stray = self.ask("SELECT scope, run FROM spent UNION ALL SELECT scope, run FROM touched")
        self.wrong += [f"{scope} is reserved for {run}, which changed nothing" for scope, run in stray if run not in acted]
        self.wrong += [f"{run} is on trial at the end" for (run,) in self.ask("SELECT run FROM trial")]

    def _judge_storm(self) -> None:
        kinds = sorted(status for (status,) in self.ask("SELECT status FROM run WHERE rule = 'stormy'"))
        if kinds.count("observed") != 1 or len(kinds) != 3:
            self.wrong.append(f"the three of the storm ended {kinds}: one gathers the evidence for all")
        if left := self.ask("SELECT scope FROM storm WHERE until IS NULL"):
            self.wrong.append(f"a storm is left: {left}")

    def _judge_the_silence(self) -> None:
        states = [silence["status"]["state"] for silence in self.book.silences.values()]
        if states != ["expired"]:
            self.wrong.append(f"the silences are {states}: one was to be made, and to go back by itself")
        undone = self.ask("SELECT status FROM run WHERE undoes <> ''")
        if undone != [("undone",)]:
            self.wrong.append(f"what takes it back ended {undone}")

    def _judge_approvals(self) -> None:
        persons = self.ask("SELECT count(DISTINCT a.who) FROM run r JOIN approval a ON a.run = r.id AND a.shown ="
                           " r.shown WHERE r.rule = 'two'")  # fmt: skip
        if persons != [(2,)]:
            self.wrong.append(f"{persons} persons have approved what was done")


__all__ = ["STORY", "DiedError", "Guarded", "lay_out"]
