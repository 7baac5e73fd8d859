"""A run and an episode as a replay has them: what of them decides, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from remediator.core.records import Plan
from remediator.core.transitions import Mode
from remediator.rehearsal.backtest.scopes import Line, Scopes

HELD, ACTING, ASKING, LOOKING = "held", "acting", "asking", "looking"


class Passing:
    """One run. ``state`` is ``held``, ``acting``, ``asking``, ``looking``, or how it ended."""

    __slots__ = (
        "acted_at",
        "checked",
        "created_at",
        "due",
        "ends",
        "episodes",
        "forbidden",
        "gate",
        "guards",
        "held_by",
        "held_scope",
        "line",
        "looked_at",
        "lowered",
        "number",
        "open",
        "plan",
        "resolved",
        "same",
        "scopes",
        "starts_at",
        "state",
        "waiting_since",
        "woken",
    )  # fmt: skip

    def __init__(
        self, number: int, plan: Plan, scopes: Scopes, same: tuple[str, bool], gate: Mode, starts_at: int, now: int
    ) -> None:
        self.number, self.plan, self.scopes, self.same, self.gate = number, plan, scopes, same, gate
        self.starts_at = starts_at  #: of its alert; its plan may have been made for an earlier one with these labels
        self.created_at = now
        self.state = HELD
        self.open = True
        self.resolved = False
        self.held_by = self.held_scope = ""
        self.lowered = ""  #: the guard that made it ask or observe
        self.forbidden = ""  #: why the policy never lets its remedy be done
        self.guards: list[str] = []  #: those that held it, in order
        self.waiting_since: int | None = None
        self.ends = now  #: how long it may be held
        self.due = now
        self.line: Line | None = None  #: the limit that holds it, where nothing else can have come between
        self.checked = 0  #: the ledger's count when that was so
        self.looked_at = -1
        self.woken = False
        self.acted_at: int | None = None
        self.episodes: list[Episode] = []


class Episode:
    """One trouble of one fingerprint."""

    __slots__ = ("closed", "flapping", "labels", "last_seen", "resolved_at", "runs")

    def __init__(self, now: int, labels: Mapping[str, str]) -> None:
        self.labels = labels
        self.last_seen = now
        self.resolved_at: int | None = None
        self.closed = False
        self.flapping = False
        self.runs: dict[str, Passing | None] = {}  #: by rule; None: refused
