"""A rule table and a store without a daemon: units are plain functions, so time and interleavings are the test's."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from remediator.core.alert import Alert
from remediator.core.guards import Envelope
from remediator.core.limits import Throttle
from remediator.core.records import Outcome, Phase
from remediator.core.scopes import SiteLimits
from remediator.core.transitions import Mode
from remediator.engine.admit import Admitted, admit, propose_all
from remediator.engine.conclude import begin, conclude, conclude_poll
from remediator.engine.limits import Slots
from remediator.engine.perform import Result
from remediator.engine.work import Site, Work
from remediator.interfaces.rule_files import load_rules
from remediator.store.sqlite import Tx, migrate

SECOND = 1_000_000

RULES = """
rules:
  - name: restart
    match: alertname = "Down"
    guide: restart
    with: {service: "{{ labels.service }}"}
    mode: auto
    limits: {cooldown: 5m, throttle: {max: 3, per: 1h}}
  - name: restart when slow
    match: alertname = "Slow"
    guide: restart
    with: {service: "{{ labels.service }}"}
    mode: auto
    limits: {cooldown: 5m}
guides:
  restart:
    summary: it is down
    parameters: {service: {type: string}}
    target: host/{{ params.service }}
    remedies:
      - name: restart it
        steps:
          - http.request: {url: "http://127.0.0.1:9/restart/{{ params.service }}", method: POST}
    escalate: sev-2
"""


def alert(service: str, *, name: str = "Down", firing: bool = True, starts_at: int = 0, **labels: str) -> Alert:
    """Return an alert about a service."""
    all_labels = {"alertname": name, "service": service, **labels}
    return Alert(f"{name}-{service}", firing, all_labels, {}, starts_at, None)


def table_of(text: str, folder: Path):
    """Return the rule table of a rule file's text."""
    (folder / "rules.yaml").write_text(text)
    return load_rules(["rules.yaml"], folder).table


@dataclass
class SmallSite:
    """A store in memory, a site, and what a run's carrier would do, by hand."""

    site: Site
    now: int = 1_000_000 * SECOND
    slots: Slots = field(default_factory=lambda: Slots(1000, 1000))
    calm: dict[str, int] = field(default_factory=dict)  #: the cache of storms.count
    db: sqlite3.Connection = field(init=False)
    tx: Tx = field(init=False)

    def __post_init__(self) -> None:
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self.db)
        self.tx = Tx(self.db)

    @classmethod
    def of(cls, folder: Path, text: str = RULES, **more: object) -> SmallSite:
        """Make one that may act on hosts."""
        site = Site(table=table_of(text, folder), max_mode=Mode.AUTO, envelope=Envelope(("host/**",)))
        return cls(replace(site, **more))

    def tick(self, seconds: float) -> None:
        """Let time pass."""
        self.now += int(seconds * SECOND)

    def admit(self, *alerts: Alert) -> Admitted:
        """Admit alerts as the path does."""
        proposals = propose_all(self.site.table, [a for a in alerts if a.firing])
        return admit(self.tx, Admitted(), "n", alerts, proposals, self.site, self.slots, self.now, self.calm)

    def begin(self, run: str) -> Work | None:
        """Look at a run as the dispatcher does."""
        return begin(self.tx, run, self.site, self.slots, self.now)

    def came(self, work: Work, outcome: Outcome = Outcome.DONE, *, transport: bool | None = False, attempt: int = 1, **output: object) -> Work:
        """Let the steps of a run come out so."""
        self.slots.release(work.run.id)
        error = "" if outcome is Outcome.DONE else "it did not work"
        asked = {"preview": "", "before": {}}
        results = tuple(
            Result(task, outcome, asked if task.job.phase is Phase.PREVIEW else output or {"status": 200}, error, attempt, transport=transport)
            for task in work.tasks
        )
        return conclude(self.tx, work.run, results, self.site, self.slots, self.now)

    def polled(self, work: Work, *samples: object) -> Work:
        """Let a poll show these samples."""
        self.slots.release(work.run.id)
        return conclude_poll(self.tx, work.run, work.poll, samples, self.site, self.slots, self.now)

    def status(self, run: str) -> str:
        """Return a run's status as its row has it."""
        return self.tx.one("SELECT status FROM run WHERE id = ?", run)[0]

    def limited(self, **limits: Throttle) -> None:
        """Change the site's limits."""
        self.site = replace(self.site, limits=SiteLimits(**limits))
