"""What came of each rule's runs: what a person looks at before a rule may go further."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import fields

from remediator.core.durations import SECOND
from remediator.core.promotion import Evidence
from remediator.core.rules import RuleTable
from remediator.store.sqlite import Row, Tx

MOST = 200_000  #: runs looked at, newest first
AGAIN = 24 * 3600 * SECOND  #: how soon on the same target counts as a repeat
WITHIN = 300.0  #: seconds that a remedy is given where its guide has no verification

_RUNS = (
    "SELECT r.rule, r.target, r.status, r.reason, r.created_at, r.finished_at, r.approved_by, r.shown, r.cancelled_by,"
    " json_extract(r.plan, '$.verify.within'),"
    " EXISTS (SELECT 1 FROM step s WHERE s.run = r.id AND s.phase = 'act' AND s.attempt > 0),"
    " (SELECT CASE WHEN count(*) = count(e.resolved_at) THEN max(e.resolved_at) END"
    "  FROM decision d JOIN episode e ON e.id = d.episode WHERE d.run = r.id)"
    " FROM (SELECT * FROM run WHERE finished_at IS NOT NULL AND undoes = '' AND created_at >= ?"
    "  AND (? = '' OR rule = ?) ORDER BY created_at DESC LIMIT ?) r ORDER BY r.created_at"
)


class _Counting(Struct):
    """One rule's counts while rows are read."""

    counts: dict[str, int] = field(default_factory=dict)
    first_observed: int | None = None
    first_asked: int | None = None
    last: int | None = None
    targets: dict[str, int] = field(default_factory=dict)

    def add(self, *names: str) -> None:
        for name in names:
            self.counts[name] = self.counts.get(name, 0) + 1


def read(tx: Tx, since: int = 0, rule: str = "") -> dict[str, Evidence]:
    """Return the evidence of every rule that had a run since then (microseconds since 1970); or of one rule."""
    found: dict[str, _Counting] = {}
    for row in tx.all(_RUNS, since, rule, rule, MOST):
        _count(found.setdefault(row[0], _Counting()), row)
    return {
        name: Evidence(
            rule=name, first_observed=one.first_observed, first_asked=one.first_asked, last=one.last, **one.counts
        )
        for name, one in found.items()
    }  # fmt: skip


def _count(one: _Counting, row: Row) -> None:  # noqa: C901 -- what a run can have come to, case by case
    _, target, status, reason, created_at, finished_at, approved_by, shown, cancelled_by, within, acted, resolved = row
    one.add("runs")
    one.last = created_at
    would = status == "observed" and str(reason).startswith("would do ")
    if would:
        one.add("would_run")
        one.first_observed = one.first_observed or created_at
        margin = int((within if within is not None else WITHIN) * SECOND)
        if resolved is not None and resolved <= finished_at + margin:
            one.add("recovered_first")
    if status == "recovered_itself" or (status == "cancelled" and not cancelled_by and not acted):
        one.add("recovered_itself")
    if shown:
        one.add("asked")
        one.first_asked = one.first_asked or created_at
        if approved_by:
            one.add("approved")
        elif status == "refused" and cancelled_by:
            one.add("refused")
        elif status == "expired":
            one.add("expired")
    if acted:
        one.add("acted")
        if status == "succeeded":
            one.add("verified")
    if status in ("unknown", "escalated"):
        one.add(status)
    if would or shown or acted:
        before = one.targets.get(target)
        if before is not None and created_at - before <= AGAIN:
            one.add("repeats")
        one.targets[target] = created_at


def document(table: RuleTable, found: Mapping[str, Evidence]) -> list[dict[str, Any]]:
    """Return it as a JSON document, in the table's order; rules that are gone come last."""
    names = dict.fromkeys([*(rule.name for rule in table.rules), *found])
    made = []
    for name in names:
        rule = table.rule(name)
        evidence = found.get(name) or Evidence(name)
        shown = {one.name: getattr(evidence, one.name) for one in fields(Evidence)}
        made.append({**shown, "mode": str(rule.text.mode) if rule is not None else "gone"})
    return made


def of_document(shown: Mapping[str, Any]) -> Evidence:
    """Return the evidence that a document tells."""
    return Evidence(**{one.name: shown[one.name] for one in fields(Evidence)})
