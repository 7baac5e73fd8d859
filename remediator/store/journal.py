"""Runs and their steps as rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import msgspec
import orjson
from msgspec import Struct
from msgspec.structs import asdict

from remediator.core.guards import Lower
from remediator.core.policy import ApprovalNeed
from remediator.core.records import Entry, Outcome, Phase, Plan, RunView
from remediator.core.redaction import redact_tree
from remediator.core.run import RunState
from remediator.core.transitions import FINAL, Mode, Status, legal
from remediator.errors import ConflictError, ContradictionError, NotFoundError
from remediator.store.sqlite import Row, Tx

_STATE = (
    "SELECT id, plan, status, created_at, mode, claimed, approved, cancelled_by, resolved_at, deadline,"
    " waiting_since, may_act, held_scope, persons, approvers, CASE WHEN told_alone THEN '' ELSE storm END,"
    " paused_by, take_back FROM run WHERE id = ?"
)
_CONTROL = (
    "SELECT status, cancelled_by, resolved_at, approved, may_act, finished_at, EXISTS (SELECT 1 FROM breaker),"
    " CASE WHEN told_alone THEN '' ELSE storm END, paused_by, take_back FROM run WHERE id = ?"
)
_STEPS = (
    "SELECT key, phase, cycle, step, action, outcome, args, started_at, finished_at, attempt, before, output, error,"
    " remedy FROM step WHERE run = ? {} ORDER BY started_at, key"
)
_STEP = (
    "INSERT INTO step (run, key, phase, cycle, step, action, remedy, outcome, attempt, args, before, output,"
    " error, started_at, finished_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
    " ON CONFLICT (run, key) DO UPDATE SET outcome = excluded.outcome, attempt = excluded.attempt,"
    " args = excluded.args, before = excluded.before, output = excluded.output, error = excluded.error,"
    " finished_at = excluded.finished_at"
)
_VIEW = (
    "SELECT id, plan, status, reason, created_at, updated_at, finished_at, held_by, held_until, mode, shown,"
    " approved_by, approval_reason, resolved_at, called, paused_by, paused_at, acknowledged_by, mode_reason"
    " FROM run WHERE id = ?"
)

_DESCRIBED = 64 * 1024  #: characters that are kept of what JSON cannot say


# Made here, once, and not where it is first needed: msgspec 0.22 crashes the process when two threads make the first
# decoder of a type at the same time. Afterwards any number of threads may use it.
_READER = msgspec.json.Decoder(Plan)


def plain(value: object) -> object:
    """Return a value that JSON does not know as one that it does: a record by its fields, all else as text."""
    if isinstance(value, Struct):
        return asdict(value)
    return dict(value) if isinstance(value, Mapping) else str(value)


_PLAN = msgspec.json.Encoder(enc_hook=plain)


def encode(value: Any) -> str:
    """Return JSON text. What JSON cannot say (an integer of more than 64 bits, half a surrogate pair) is described."""
    try:
        return orjson.dumps(value, default=plain, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # a backend's answer must not keep the rest of what happened out of the journal
        return orjson.dumps(redact_tree(value, _DESCRIBED)).decode()


def decode(text: str | None) -> Any:
    """Return what the JSON text means; None for None."""
    return None if text is None else orjson.loads(text)


def insert_run(tx: Tx, run: RunState, same: str, row: RunRow, *, may_act: bool) -> None:
    """Write a new run as far as it has come already; it is due at once unless the row says otherwise."""
    plan, now = run.plan, run.created_at
    columns = {
        "id": run.id, "rule": plan.rule, "guide": plan.guide, "target": plan.target, "same": same, "status": run.status,
        "mode": run.mode, "mode_reason": run.mode_reason[:1000],
        "may_act": int(may_act), "priority": plan.priority, "plan": _PLAN.encode(plan).decode(),
        "created_at": now, "updated_at": now, "due_at": now, "undoes": plan.undoes, **row.columns,
    }  # fmt: skip
    tx.run(_insert(tuple(columns)), *columns.values())


@lru_cache(256)
def _insert(columns: tuple[str, ...]) -> str:
    """Return the statement; the names come from our own calls, never from data."""
    return f"INSERT INTO run ({', '.join(columns)}) VALUES ({','.join('?' * len(columns))})"  # noqa: S608 -- see above


@lru_cache(256)
def _update(columns: tuple[str, ...]) -> str:
    """Return the statement; the names come from our own calls, never from data."""
    return f"UPDATE run SET {', '.join(f'{name} = ?' for name in columns)} WHERE id = ?"  # noqa: S608 -- see above


@lru_cache(maxsize=512)  # a run is read at each of its steps, and its plan stays as it is
def _plan(text: str) -> Plan:
    return _READER.decode(text)


@contextmanager
def _readable(run: str) -> Iterator[None]:
    """Say which run it is whose rows mean nothing: somebody changed them by hand, or the disk did."""
    try:
        yield
    except (ValueError, TypeError, msgspec.DecodeError) as error:
        raise ContradictionError(f"the rows of run {run} cannot be read: {error}") from error


def load(tx: Tx, run: str) -> tuple[RunState, bool]:
    """Return a run and whether it may act at all. Raise NotFoundError, ContradictionError."""
    row = tx.one(_STATE, run)
    if row is None:
        raise NotFoundError(f"there is no run {run}")
    with _readable(run):
        return _state(tx, row), bool(row[11])


def _state(tx: Tx, row: Row) -> RunState:
    return RunState(
        id=row[0], plan=_plan(row[1]), status=Status(row[2]), created_at=row[3], mode=Mode(row[4]),
        claimed=row[5], approved=row[6], cancelled_by=row[7], resolved=row[8] is not None, deadline=row[9],
        waiting_since=row[10], held_scope=row[12], journal=current_steps(tx, row[0]),
        asked=ApprovalNeed(row[13], frozenset(filter(None, row[14].split(",")))), storm=row[15], paused_by=row[16],
        take_back=bool(row[17]),
    )  # fmt: skip


class Control(Struct, frozen=True):
    """What others may have written about a run, and whether some rare things exist at all."""

    status: str
    cancelled_by: str
    resolved_at: int | None
    approved: str
    may_act: int
    finished_at: int | None
    any_breaker: int
    storm: str
    paused_by: str
    take_back: int


def control(tx: Tx, run: str) -> Control:
    """Return what others may have written about a run. Raise NotFoundError."""
    row = tx.one(_CONTROL, run)
    if row is None:
        raise NotFoundError(f"there is no run {run}")
    return Control(*row)


def current_steps(tx: Tx, run: str) -> dict[str, Entry]:
    """Return the journal by key, superseded entries left out."""
    return {entry.key: entry for entry in map(_entry, tx.all(_STEPS.format("AND key NOT GLOB '*~*'"), run))}


def taken_back(tx: Tx, run: str) -> dict[str, str]:
    """Return the changes of a run that other runs have taken back, and which; some of those may have failed later."""
    rows = tx.all(
        "SELECT s.key, r.id FROM run r JOIN step s ON s.run = r.id WHERE r.undoes = ? AND r.undoes <> ''"
        " AND s.phase = 'undo' AND s.outcome = 'done'",
        run,
    )
    return {key.replace("/undo/", "/act/"): by for key, by in rows}


def write_step(tx: Tx, run: str, entry: Entry) -> None:
    """Write an intent or its outcome; the place in the journal is kept."""
    tx.run(
        _STEP, run, entry.key, entry.phase, entry.cycle, entry.step, entry.action, entry.remedy, entry.outcome,
        entry.attempt, encode(entry.args), None if entry.before is None else encode(entry.before),
        None if entry.output is None else encode(entry.output), entry.error, entry.started_at, entry.finished_at,
    )  # fmt: skip


def write_outcome(tx: Tx, run: str, entry: Entry) -> None:
    """Write how a step came out whose intent is in the journal: what was written there stays."""
    tx.run(
        "UPDATE step SET outcome = ?, attempt = ?, output = ?, error = ?, finished_at = ? WHERE run = ? AND key = ?",
        entry.outcome, entry.attempt, None if entry.output is None else encode(entry.output), entry.error,
        entry.finished_at, run, entry.key,
    )  # fmt: skip


def supersede(tx: Tx, run: str, now: int) -> None:
    """Set what was found before acting aside: it will be looked at again. The report still has it."""
    for (key,) in tx.all(
        "SELECT key FROM step WHERE run = ? AND key NOT GLOB '*~*'"
        " AND phase IN ('diagnose','baseline','caution','preview','confirm','silence')"
        " AND cycle NOT IN (SELECT cycle FROM step WHERE run = ? AND phase = 'act')",
        run, run,
    ):  # fmt: skip
        at = now
        while tx.one("SELECT 1 FROM step WHERE run = ? AND key = ?", run, f"{key}~{at}"):
            at += 1  # twice in one microsecond of virtual time, or of a clock that was set back
        tx.run("UPDATE step SET key = ? WHERE run = ? AND key = ?", f"{key}~{at}", run, key)


def forget(tx: Tx, run: str, step: str) -> None:
    """Delete what was only asked to know whether to go on waiting: it would be repeated again and again."""
    tx.run("DELETE FROM step WHERE run = ? AND key GLOB ? AND phase = 'confirm'", run, f"[0-9]/confirm/{step}")


class RunRow:
    """What changes in a run's row while it is moved; written once."""

    __slots__ = ("columns", "lowered", "wake")

    def __init__(self) -> None:
        self.columns: dict[str, Any] = {}
        self.lowered: Lower | None = None  #: the guard that let it go on, but not so far
        self.wake: list[str] = []  #: runs that stood in line behind this one

    def move(self, run: RunState, new: Status, now: int, **columns: Any) -> None:
        """Note a move. Raise ConflictError for a transition that is not in the table."""
        if not legal(run.status, new):
            raise ConflictError(f"run {run.id} cannot go from {run.status} to {new}")
        self.columns.update(columns, status=new, updated_at=now)
        if new in FINAL:
            self.columns.update(finished_at=now, due_at=None, held_scope="", held_by="", held_until=None)

    def write(self, tx: Tx, run: str) -> None:
        """Update the row with all that was noted."""
        if self.columns:
            tx.run(_update(tuple(self.columns)), *self.columns.values(), run)


def view(tx: Tx, run: str) -> RunView:
    """Return everything that is known of a run. Raise NotFoundError, ContradictionError."""
    row = tx.one(_VIEW, run)
    if row is None:
        raise NotFoundError(f"there is no run {run}")
    with _readable(run):
        return _view(tx, row)


def _view(tx: Tx, row: Row) -> RunView:
    run = row[0]
    episodes = tuple(episode for (episode,) in tx.all("SELECT episode FROM decision WHERE run = ?", run))
    return RunView(
        id=row[0], plan=_plan(row[1]), status=Status(row[2]), reason=row[3], created_at=row[4],
        updated_at=row[5], finished_at=row[6], held_by=row[7], held_until=row[8], effective_mode=Mode(row[9]),
        shown=row[10], approved_by=row[11], approval_reason=row[12], resolved_at=row[13], called=bool(row[14]),
        episodes=episodes, journal=tuple(map(_entry, tx.all(_STEPS.format(""), run))),
        paused_by=row[15], paused_at=row[16], acknowledged_by=row[17], mode_reason=row[18],
        taken_back=tuple(taken_back(tx, run).items()),
        rungs=tuple(tx.all("SELECT name, due_at FROM rung WHERE run = ? ORDER BY due_at, n", run)),
        approvals=tuple(tx.all("SELECT who, reason FROM approval WHERE run = ? ORDER BY at", run)),
    )  # fmt: skip


def document(shown: RunView) -> Mapping[str, Any]:
    """Return a view as the API's JSON document."""
    return {**asdict(shown), "plan": asdict(shown.plan), "journal": [asdict(entry) for entry in shown.journal]}


def _entry(row: Row) -> Entry:
    return Entry(
        key=row[0], phase=Phase(row[1]), cycle=row[2], step=row[3], action=row[4], outcome=Outcome(row[5]),
        args=decode(row[6]), started_at=row[7], finished_at=row[8], attempt=row[9], before=decode(row[10]),
        output=decode(row[11]), error=row[12], remedy=row[13],
    )  # fmt: skip
