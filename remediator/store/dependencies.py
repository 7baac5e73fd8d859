"""Whether an alert fires that another may only be a consequence of: exact, and not by looking at every alert.

What an inhibition asks for by equality (its source's ``=`` matchers, and ``equal``) is asked of the rows, for each
name that a firing alert has; indexes over just these labels are made when rules are read. Only what is asked for
in other ways is looked for among the alerts that are left.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

from remediator.core.limits import Inhibition, inhibits, meets, sources
from remediator.core.matchers import MatchOp
from remediator.core.rules import RuleTable
from remediator.store.journal import decode
from remediator.store.sqlite import Tx

PAGE = 500  #: alerts read at a time
MOST_INDEXES = 16  #: a site with more kinds of inhibitions pays for the others when they are asked
_PREFIX = "firing_equal_"
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)  # what may stand in a statement as it is
_FIRES = "closed_at IS NULL AND resolved_at IS NULL"
_NAMES = (  # one look into the index a name
    "WITH RECURSIVE n (name) AS ("
    "SELECT min(alertname) FROM episode WHERE closed_at IS NULL AND resolved_at IS NULL"
    " UNION ALL SELECT (SELECT min(alertname) FROM episode WHERE closed_at IS NULL AND resolved_at IS NULL"
    "  AND alertname > n.name) FROM n WHERE n.name IS NOT NULL"
    ") SELECT name FROM n WHERE name IS NOT NULL"
)


def causes(tx: Tx, inhibitions: tuple[Inhibition, ...], labels: Mapping[str, str]) -> tuple[Mapping[str, str], ...]:
    """Return, of each inhibition that binds an alert with these labels now, the labels of one alert that is why."""
    found = (_cause(tx, inhibition, labels) for inhibition in inhibitions if not meets(inhibition, labels))
    return tuple(cause for cause in found if cause is not None)


def _cause(tx: Tx, inhibition: Inhibition, labels: Mapping[str, str]) -> Mapping[str, str] | None:
    wanted = {name: labels.get(name, "") for name in inhibition.equal}
    for matcher in sources(inhibition):
        if matcher.op is MatchOp.EQUAL and wanted.setdefault(matcher.name, matcher.value) != matcher.value:
            return None  # no alert can be both
    asked = _indexed(wanted)
    for name in _names(tx, inhibition, wanted):
        for row in _rows(tx, name, asked, [wanted[label] for label in asked]):
            if inhibits(inhibition, row, labels):
                return row
    return None


def _indexed(wanted: Mapping[str, str]) -> list[str]:
    return sorted(name for name in wanted if name != "alertname" and _PLAIN.fullmatch(name))


def _names(tx: Tx, inhibition: Inhibition, wanted: Mapping[str, str]) -> list[str]:
    """Return the names that the cause can have, of those that fire."""
    if "alertname" in wanted:
        return [wanted["alertname"]]
    about = [matcher for matcher in sources(inhibition) if matcher.name == "alertname"]
    names = [name for (name,) in tx.all(_NAMES)]
    return [name for name in names if all(matcher.matches({"alertname": name}) for matcher in about)]


def _rows(tx: Tx, name: str, asked: list[str], values: list[str]) -> Iterator[Mapping[str, str]]:
    # Names are plain words by _PLAIN; values are bound.
    where = "".join(f" AND {_label(label)} = ?" for label in asked)
    query = f"SELECT id, labels FROM episode WHERE {_FIRES} AND alertname = ?{where} AND id > ? ORDER BY id LIMIT ?"  # noqa: S608 -- see above
    after, most = "", 1
    while rows := tx.all(query, name, *values, after, most):
        for after, labels in rows:  # noqa: B007 -- where to go on
            yield decode(labels)
        most = PAGE


def _label(name: str) -> str:
    return f"coalesce(json_extract(labels, '$.{name}'), '')"


def index(tx: Tx, table: RuleTable) -> None:
    """Have an index for what each inhibition of these rules asks by equality, and for nothing else."""
    wanted: dict[str, list[str]] = {}
    for rule in table.rules:
        for inhibition in rule.limits.inhibited_by if rule.limits is not None else ():
            equal = {matcher.name for matcher in sources(inhibition) if matcher.op is MatchOp.EQUAL}
            if labels := _indexed(dict.fromkeys((*inhibition.equal, *equal), "")):
                digest = hashlib.blake2b(" ".join(labels).encode(), digest_size=8).hexdigest()
                wanted[_PREFIX + digest] = labels
    there = {name for (name,) in tx.all("SELECT name FROM sqlite_master WHERE type = 'index' AND name GLOB ?",
                                        f"{_PREFIX}*")}  # fmt: skip
    kept = dict(list(wanted.items())[:MOST_INDEXES])
    for name in sorted(there - set(kept)):
        tx.run(f"DROP INDEX {name}")
    for name, labels in kept.items():
        if name not in there:
            columns = ", ".join(_label(label) for label in labels)
            tx.run(f"CREATE INDEX {name} ON episode (alertname, {columns}) WHERE {_FIRES}")
