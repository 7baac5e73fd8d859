"""A run as it stands: what decides its next move, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from remediator.core.action import Parameters
from remediator.core.policy import ANYBODY, ApprovalNeed
from remediator.core.records import Entry, Plan
from remediator.core.transitions import Mode, Status

REFUSED = "refused"  #: stands for an approval when a person has said no; no digest looks like it


class RunState(Struct, frozen=True):
    """A run as the engine moves it: the row's part that decides, and the journal by key."""

    id: str
    plan: Plan
    status: Status
    created_at: int
    mode: Mode  #: the strictest of rule and daemon, as it is now
    mode_reason: str = ""  #: why it is stricter than the rule asks
    journal: Mapping[str, Entry] = MappingProxyType({})
    claimed: int = -1  #: the last cycle whose guards were passed; -1: it holds no locks and reservations
    approved: str = ""  #: digest of what was approved, or REFUSED
    cancelled_by: str = ""
    take_back: bool = False  #: when it is cancelled, what it has changed so far is taken back
    paused_by: str = ""  #: who has paused this run, and why; empty: nobody
    resolved: bool = False  #: all of its alerts have resolved
    deadline: int | None = None  #: when the run's time is up
    waiting_since: int | None = None  #: since when it has been held or awaiting approval
    storm: str = ""  #: the run in whose digests it is told, not on its own
    held_scope: str = ""  #: what it is held on; who waits behind it is woken when it goes on
    asks: Mapping[str, ApprovalNeed] = MappingProxyType({})  #: remedies that the site's policy wants approved
    asked: ApprovalNeed = ANYBODY  #: who had to approve what was shown last
    confirms: bool = False  #: whether Alertmanager can be asked how the alert stands
    quiet: bool = False  #: whether the alert is to be silenced while the run works
    ready: Mapping[str, Parameters] = MappingProxyType({})  #: rendered when it was planned, in this process
