"""What people are told of a storm: that it began, that it is over, and what became of what it held.

The run that looks for all of a storm carries its digests, in its journal and its thread. The runs that
came in the storm are not told one by one: of ten thousand nobody reads any. A few are, those that change
something or need people; the others are counted.
"""

from __future__ import annotations

import shlex
from typing import Any

from remediator.core.durations import SECOND, show_duration
from remediator.core.limits import Storm
from remediator.core.records import Entry, Outcome, Phase
from remediator.core.reporting import Telling
from remediator.core.transitions import Status, calls_people
from remediator.store import journal, outbox
from remediator.store.sqlite import Tx

ALONE = 5  #: runs of one storm that are told on their own
EVERYTHING = "everything"  #: the scope of the site's own storm

#: What may still be taken into the digest of a storm, as long as nobody has heard of it: nothing was changed.
_QUIET = ("held", "queued", "diagnosing", "awaiting_approval", "observed", "recovered_itself", "cancelled")


def begins(tx: Tx, reporters: tuple[str, ...], scope: str, limit: Storm, run: str, now: int) -> None:
    """Tell people that a storm begins, and tell what came just before no longer one by one.

    ``run`` looks for all; its own row may not be written yet.
    """
    before = _take_in(tx, reporters, scope, run, now - int(limit.per * SECOND))
    ends = f"it has been calm for {show_duration(limit.calm)}" if limit.resume == "auto" else "a person ends it"
    said = (
        f"storm: more than {limit.max} new alerts of {scope} within {show_duration(limit.per)}. This run looks for all"
        f" of them; the others are held until {ends} (remediator resume {shlex.quote(f'storm:{scope}')})"
    )
    if before:
        said += f". {before} that came just before are not told one by one either"
    _tell(tx, reporters, run, f"0/storm/began {scope}", said, {"scope": scope, "taken_in": before}, now)
    outbox.tell(tx, reporters, run, Telling.MESSAGE, "", now)
    outbox.tell(tx, reporters, run, Telling.THREAD, "storm", now)


def _take_in(tx: Tx, reporters: tuple[str, ...], scope: str, evidence: str, since: int) -> int:
    """Take the quiet runs that came since then into a storm; what of them is not told yet will not be."""
    first = f"{since // 1000:011x}"
    where = f"id >= ? AND id <> ? AND storm = '' AND status IN ({','.join('?' * len(_QUIET))})"
    values = [first, evidence, *_QUIET]
    if scope != EVERYTHING:
        where, values = f"{where} AND rule = ?", [*values, scope.removeprefix("rule ")]
    came = tx.all(f"SELECT id FROM run WHERE {where}", *values)  # noqa: S608 -- only fixed words are joined in
    # Who was told of one goes on hearing of it.
    runs = [run for (run,) in came if all(outbox.receipt(tx, reporter, run) is None for reporter in reporters)]
    tx.many("UPDATE run SET storm = ? WHERE id = ?", [(evidence, run) for run in runs])
    tx.many(
        "DELETE FROM outbox WHERE reporter = ? AND run = ? AND telling IN ('message', 'thread')",
        [(reporter, run) for reporter in reporters for run in runs],
    )
    return len(runs)


def tell_ends(tx: Tx, reporters: tuple[str, ...], now: int) -> int:
    """Tell people of the storms that are over, and of those whose runs are; return how many digests were written."""
    rows = tx.all("SELECT scope, since, until, evidence, ended FROM storm WHERE until IS NOT NULL AND until <= ?", now)
    told = 0
    for scope, since, until, evidence, ended in rows:
        if not ended:
            is_over(tx, reporters, scope, since, until, evidence, now)
            told += 1
        elif not tx.one("SELECT 1 FROM run WHERE storm = ? AND storm <> '' AND finished_at IS NULL LIMIT 1", evidence):
            told += _all_done(tx, reporters, scope, evidence, now)
    return told


def is_over(
    tx: Tx, reporters: tuple[str, ...], scope: str, since: int, until: int, evidence: str, now: int
) -> None:  # fmt: skip
    """Tell people that a storm is over: what came, what it held, what goes on now."""
    tx.run("UPDATE storm SET ended = 1 WHERE scope = ?", scope)
    counts = _counts(tx, scope, since, until)
    now_so = _how_they_stand(tx, evidence)
    held = sum(now_so.values()) - _taken_in(tx, scope, evidence)
    said = (
        f"the storm of {scope} is over after {show_duration(max(0, until - since) / SECOND)}: {counts['alerts']} new"
        f" alerts, of which {counts['joined']} joined a run that was there and {counts['refused']} were refused. It"
        f" held {held} runs; they go on, the oldest first, under all guards"
    )
    if now_so:
        said += f". Its runs now: {_shown(now_so)}"
    said += (
        f". At most {ALONE} of them are told on their own, when they change something or need people; all: remediator"
        f" runs list --storm {evidence}"
    )
    _tell(tx, reporters, evidence, f"0/storm/ended {scope}", said, {"scope": scope, "held": held, **counts}, now)


def _all_done(tx: Tx, reporters: tuple[str, ...], scope: str, evidence: str, now: int) -> int:
    """Tell people what became of the runs of a storm, and call them once if any needs a person."""
    tx.run("DELETE FROM storm WHERE scope = ?", scope)
    became = _how_they_stand(tx, evidence)
    if not became:
        return 0
    needed = _in_trouble(tx, evidence)
    said = f"what became of the storm of {scope}: {_shown(became)}" + (f"; {needed} need a person" if needed else "")
    said += f": remediator runs list --storm {evidence}"
    if (
        _tell(tx, reporters, evidence, f"0/storm/settled {scope}", said, {"scope": scope, "became": became}, now)
        and needed
    ):
        outbox.tell(tx, reporters, evidence, Telling.ESCALATION, "", now)
    return 1


def _counts(tx: Tx, scope: str, since: int, until: int) -> dict[str, int]:
    """Count alerts and runs: many alerts may have joined one run. One look at the storm's decisions, at its end."""
    first, last = f"{since // 1000:011x}", f"{until // 1000 + 1:011x}"
    rule, of_rule = ("", ()) if scope == EVERYTHING else (" AND rule = ?", (scope.removeprefix("rule "),))
    # Only fixed words are joined in; values are bound.
    decided = (
        "SELECT count(DISTINCT episode), count(run), total(verdict = 'refused' AND run IS NULL) FROM decision"  # noqa: S608 -- see above
        f" WHERE episode >= ? AND episode < ?{rule}"
    )
    began = f"SELECT count(*) FROM run WHERE id >= ? AND id < ? AND undoes = ''{rule}"  # noqa: S608 -- see above
    alerts, with_run, refused = map(int, tx.one(decided, first, last, *of_rule) or (0, 0, 0))
    (runs,) = map(int, tx.one(began, first, last, *of_rule) or (0,))
    return {"alerts": alerts, "joined": max(0, with_run - runs), "refused": refused}


def _taken_in(tx: Tx, scope: str, evidence: str) -> int:
    row = tx.one("SELECT output FROM step WHERE run = ? AND key = ?", evidence, f"0/storm/began {scope}")
    return int((journal.decode(row[0]) or {}).get("taken_in", 0)) if row else 0


def _how_they_stand(tx: Tx, evidence: str) -> dict[str, int]:
    """Return how many runs of a storm have which status; of held ones by whom."""
    rows = tx.all(
        "SELECT status || CASE status WHEN 'held' THEN ' by ' || held_by ELSE '' END, count(*) FROM run"
        " WHERE storm = ? AND storm <> '' GROUP BY 1 ORDER BY 2 DESC",
        evidence,
    )
    return dict(rows)


def _in_trouble(tx: Tx, evidence: str) -> int:
    """Return how many runs of a storm need a person."""
    rows = tx.all(
        "SELECT status, json_extract(plan, '$.verify') IS NOT NULL, count(*) FROM run"
        " WHERE storm = ? AND storm <> '' AND finished_at IS NOT NULL GROUP BY 1, 2",
        evidence,
    )
    return sum(
        count for status, verified, count in rows if calls_people(Status(status), verifies=bool(verified), undoes=False)
    )


def _shown(stand: dict[str, int]) -> str:
    return ", ".join(f"{count} {status}" for status, count in stand.items())


def alone(tx: Tx, evidence: str) -> bool:
    """Whether one more run of this storm may be told on its own; counts it."""
    return bool(tx.run("UPDATE storm SET alone = alone + 1 WHERE evidence = ? AND alone < ?", evidence, ALONE))


def _tell(tx: Tx, reporters: tuple[str, ...], run: str, key: str, said: str, more: dict[str, Any], now: int) -> bool:
    """Write a digest into the journal of the run that carries it, and have it told in its thread."""
    began = "/began " in key
    if not began and tx.one("SELECT 1 FROM run WHERE id = ?", run) is None:
        return False  # retention was faster
    output = {"digest": said, **more}
    entry = Entry(
        key=key, phase=Phase.STORM, cycle=0, step="storm", action="", outcome=Outcome.DONE, args={}, started_at=now,
        finished_at=now, output=output,
    )  # fmt: skip
    journal.write_step(tx, run, entry)
    if not began:
        outbox.tell(tx, reporters, run, Telling.THREAD, "storm", now)
    return True
