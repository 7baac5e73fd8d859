"""Runs that take another one back: asked for by a person, or due when a remedy's time is over.

Such a run is a row like any other: it survives restarts, takes the locks, and is reported. Its
journal begins with the changes that it takes back.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson
from msgspec import Struct
from msgspec.structs import replace

from remediator.core.durations import SECOND
from remediator.core.records import Entry, Outcome, Phase
from remediator.core.run import RunState
from remediator.core.transitions import FINAL, Mode, Status
from remediator.core.undo_part import EVERYTHING, UndoPart, chosen, place, step_of
from remediator.errors import ConflictError
from remediator.store import journal
from remediator.store.sqlite import Tx

Name = Callable[[int], str]  #: makes an id


class Made(Struct, frozen=True):
    """A run that was just made, as the queue must know it."""

    run: str
    priority: int
    created_at: int


def asked_for(
    tx: Tx, run: str, who: str, reason: str, now: int, name: Name, part: UndoPart = EVERYTHING
) -> tuple[Made, ...]:
    """Make the run that takes this one back, or a part of it; it stands first.

    After it those that, in their time, take back what this one leaves. Raise ConflictError that says why it cannot be,
    NotFoundError when there is no such part.
    """
    found, _ = journal.load(tx, run)
    if found.status not in FINAL:
        raise ConflictError(f"run {run} is not over: cancel it first (remediator runs cancel {run})")
    if found.status is Status.UNKNOWN:
        raise ConflictError(f"nobody knows what run {run} changed: settle it first (remediator runs settle {run})")
    if found.plan.undoes:
        raise ConflictError(f"run {run} takes back run {found.plan.undoes}; what it took back can be done by hand")
    others = tx.all(
        "SELECT id, status FROM run WHERE undoes = ? AND undoes <> '' AND cancelled_by = '' ORDER BY id", run
    )
    open_ones = [(other, status) for other, status in others if status not in FINAL]
    if busy := next(((other, status) for other, status in open_ones if status != Status.HELD), None):
        raise ConflictError(f"run {run} is taken back by run {busy[0]}, which is {busy[1]}")
    left = changes_left(found, frozenset(journal.taken_back(tx, run)))
    if not left and (by := next((other for other, status in others if status == Status.UNDONE), None)):
        raise ConflictError(f"run {run} was taken back by run {by}")
    if not left and (doubtful := [e for e in found.journal.values() if e.outcome is Outcome.UNKNOWN]):
        raise ConflictError(f"what was there before {doubtful[0].action} is not in the journal: take it back by hand")
    acts = chosen(found.plan, tuple(found.journal.values()), left, part)
    if not acts:
        where = f"{part.words} " if left and part.words else ""
        raise ConflictError(f"run {run} has changed nothing {where}that is still to be taken back")
    fixed = _fixed(found, acts)
    if fixed:
        later = "; what came after can be: --from STEP, --stage NAME, --last N" if _after_fixed(found, acts) else ""
        raise ConflictError(f"{', '.join(fixed)} cannot be undone; see the action's page{later}")
    words = part.words if len(acts) < len(left) else ""
    made = [_make(tx, found, acts, now, name, why=f"asked for by {who}: {reason}", words=words)]
    for other, _ in open_ones:  # those that wait for their time need not come any more, or only for the rest
        made += _for_the_rest(tx, found, other, acts, now, name)
        tx.run("UPDATE run SET cancelled_by = ?, due_at = ? WHERE id = ?", f"{who}: taken back at once", now, other)
    return tuple(made)


def given_up(tx: Tx, run: RunState, now: int, name: Name) -> list[Made]:
    """Make the run that takes back what a run has done that was given up half-way.

    It stops at what cannot be taken back: what was done before that stays, for later steps stood on it.
    """
    left = sorted(changes_left(run), key=place)
    acts = _after_fixed(run, left)
    if not acts:
        return []
    words = f'from the step "{acts[0].step}" on' if len(acts) < len(left) else ""
    return [_make(tx, run, acts, now, name, why=f"run {run.id} was given up: {run.cancelled_by}", words=words)]


def _for_the_rest(tx: Tx, run: RunState, other: str, acts: list[Entry], now: int, name: Name) -> list[Made]:
    """Make, for a run that waits for its time, the one that takes back then what is left of it."""
    waiting, _ = journal.load(tx, other)
    keys = {entry.key for entry in acts}
    rest = [e for e in waiting.journal.values() if e.phase is Phase.ACT and e.key not in keys]
    if not rest:
        return []
    wait = max((waiting.created_at - now) / SECOND + waiting.plan.wait, 0.001)
    return [_make(tx, run, rest, now, name, why=f"what is left of run {run.id} lasts until then", wait=wait)]


def when_its_time_is_over(tx: Tx, run: RunState, now: int, name: Name) -> list[Made]:
    """Make the runs that take back, later, what is to last for some time only; once for each change."""
    made = []
    seen_to = frozenset(key for (key,) in tx.all(
        "SELECT s.key FROM run r JOIN step s ON s.run = r.id AND s.phase = 'act' WHERE r.undoes = ? AND r.undoes <> ''",
        run.id,
    )) if any(remedy.lasts for remedy in run.plan.remedies) else frozenset()  # fmt: skip
    for remedy in run.plan.remedies:
        left = changes_left(run) if remedy.lasts else []
        acts = [entry for entry in left if entry.remedy == remedy.name and entry.key not in seen_to]
        if acts:
            changed_at = max(entry.finished_at or entry.started_at for entry in acts)
            wait = max(remedy.lasts - (now - changed_at) / 1e6, 0.001)
            why = f'"{remedy.name}" of run {run.id} lasts for {remedy.lasts:g}s'
            made.append(_make(tx, run, acts, now, name, why=why, wait=wait))
    return made


def changes_left(run: RunState, elsewhere: frozenset[str] = frozenset()) -> list[Entry]:
    """Return the changes that were made and not taken back: within the run itself, or ``elsewhere`` (their keys).

    One that was half done counts where it can be taken back: another would only stand in the way of those before.
    """
    taken_back = (e for e in run.journal.values() if e.phase is Phase.UNDO and e.outcome is Outcome.DONE)
    undone = {*elsewhere, *(entry.key.replace("/undo/", "/act/") for entry in taken_back)}
    return [
        entry
        for entry in run.journal.values()
        if entry.phase is Phase.ACT
        and entry.leaves_something
        and (entry.outcome is Outcome.DONE or step_of(run.plan, entry).undoable)
        and entry.key not in undone
        and step_of(run.plan, entry).changes
    ]


def _fixed(run: RunState, acts: list[Entry]) -> list[str]:
    return sorted({entry.action for entry in acts if not step_of(run.plan, entry).undoable})


def _after_fixed(run: RunState, acts: list[Entry]) -> list[Entry]:
    """Return those at the end that can all be taken back."""
    stop = max((n for n, entry in enumerate(acts, 1) if not step_of(run.plan, entry).undoable), default=0)
    return acts[stop:]


def _make(
    tx: Tx, run: RunState, acts: list[Entry], now: int, name: Name, *, why: str, wait: float = 0.0, words: str = ""
) -> Made:
    plan = replace(run.plan, undoes=run.id, undoes_part=words, wait=wait, mode=Mode.AUTO)
    made = RunState(name(now), plan, Status.QUEUED, now, Mode.AUTO)
    row = journal.RunRow()
    row.columns["reason"] = why[:1000]
    same = orjson.dumps([run.id, made.id]).decode()
    journal.insert_run(tx, made, same, row, may_act=True)
    for entry in acts:
        journal.write_step(tx, made.id, entry)
    return Made(made.id, plan.priority, now)
