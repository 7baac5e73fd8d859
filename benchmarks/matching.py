"""How long it takes to find an alert's rule, with few and with many rules; in this process, without a daemon."""

from __future__ import annotations

import time
from pathlib import Path

from msgspec.structs import replace

from remediator.core.matchers import parse_matchers
from remediator.core.rules import Rule, RuleTable
from remediator.interfaces.rule_files import load_rules

FEW, MANY = 100, 10_000
ALERTS = 2_000
ROUNDS = 7


def microseconds(folder: Path) -> tuple[float, float]:
    """Return the time for one alert with few and with many rules: the best of some rounds, taken in turn.

    ``folder`` holds ``rules.yaml``, whose first rule is copied under other names. Each copy has its
    own alertname and a regex, as rules usually have.
    """
    one = load_rules(["rules.yaml"], folder).table.rules[0]
    tables = {count: table_of(one, count) for count in (FEW, MANY)}
    best = dict.fromkeys(tables, float("inf"))
    for _ in range(ROUNDS):
        for count, table in tables.items():
            best[count] = min(best[count], seconds(table, count))
    return best[FEW] * 1e6, best[MANY] * 1e6


def table_of(one: Rule, count: int) -> RuleTable:
    """Return a table of so many rules."""
    return RuleTable.of(tuple(
        replace(
            one, name=f"rule {number}",
            matchers=parse_matchers(f'alertname="Alert{number}", severity=~"warning|critical"').matchers,
        )
        for number in range(count)
    ))  # fmt: skip


def seconds(table: RuleTable, count: int) -> float:
    """Return the time for one alert. The alerts are spread over the whole table, and each meets one rule."""
    step = max(count // ALERTS, 1)
    same = {"severity": "critical", "job": "api", "instance": "10.0.0.1:9100"}
    labels = [{"alertname": f"Alert{number * step % count}", **same} for number in range(ALERTS)]
    began = time.perf_counter()
    met = sum(1 for each in labels for _ in table.matching(each))
    took = time.perf_counter() - began
    if met != ALERTS:
        raise RuntimeError(f"{met} rules were met by {ALERTS} alerts; each should meet one")
    return took / ALERTS
