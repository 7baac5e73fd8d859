"""What edits of rule files leave in the audit trail: who had them read, and each rule before and after."""

from __future__ import annotations

from remediator.core.problems import Problem
from remediator.core.rule_changes import edits, rule_changes
from remediator.core.rules import RuleTable
from remediator.store import audit
from remediator.store.sqlite import Tx

MOST = 200  #: edits told one by one
PROBLEMS = 5  #: told of a rejected reload


def note_reload(tx: Tx, who: str, old: RuleTable, new: RuleTable, now: int) -> None:
    """Append that the rule files were read again, and what that changed, rule by rule."""
    told = list(edits(old, new))
    audit.append(tx, who, "reload", "rules", str(rule_changes(old, new)), now,
                 before={"revision": old.revision}, after={"revision": new.revision})  # fmt: skip
    for edit in told[:MOST]:
        fields = ", ".join((edit.after or {}) if edit.what == "rule changed" else ())
        audit.append(tx, who, edit.what, edit.rule, fields, now, before=edit.before, after=edit.after)
    if len(told) > MOST:
        audit.append(tx, who, "reload", "rules", f"{len(told) - MOST} more edits are not told one by one", now)


def note_rejected(tx: Tx, who: str, table: RuleTable, problems: tuple[Problem, ...], now: int) -> None:
    """Append that the rule files are wrong and the old table stays."""
    said = "; ".join(str(problem) for problem in problems[:PROBLEMS])
    more = f"; and {len(problems) - PROBLEMS} more" if len(problems) > PROBLEMS else ""
    audit.append(tx, who, "reload rejected", "rules", said[:1900] + more, now, before={"revision": table.revision})
