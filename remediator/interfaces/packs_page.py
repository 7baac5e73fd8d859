"""``docs/guides.md``: every row of the troubleshooting guides, made from the packs and the scenarios that play them."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from remediator.core.rules import Rule
from remediator.interfaces.packs import Pack, Row, actions_of, mode_of, rows_of

_HEAD = """\
<!-- Made from the packs and their scenarios by `make docs`. -->

# The shipped guides

Packs in [`rules/`](../rules), one for a troubleshooting guide. `remediator packs list` names them, `remediator packs
show PACK` tells what a row does, `remediator packs copy PACK FOLDER` begins one of your own. Alerting rules that raise
these alerts stand in [`config/prometheus/`](../config/prometheus). The top of each file lists the connections that it
needs.

**Alone** says how far a remedy goes by itself: `auto` acts, `ask` waits for an approval, `observe` shows. A caution of
an action (an autoscaler owns the count, somebody else looks after the workload) makes `auto` ask. A row without
remedies gathers evidence. The daemon's `max_mode` caps all of it; its default is `observe`.

**Scenarios** post the alert to the real daemon with the shipped pack, and look at what became of the backend. *real*: a
server of the kind itself (PostgreSQL, Valkey, Prometheus, sshd ...). *fake*: a server made for tests that speaks its
protocol and keeps its state. Services of one's own (an API, a provider) are small HTTP servers that break and recover;
they count as fake.
"""


class Scenario(Struct, frozen=True):
    """A module of scenarios: the rows that it plays, and what its backends are."""

    file: str  #: below the folder of scenarios
    rows: tuple[str, ...]
    backends: Mapping[str, str]  #: system: real or fake


def read_scenarios(folder: Path) -> tuple[Scenario, ...]:
    """Return what the modules below say in ROWS and BACKENDS; nothing is imported."""
    found = []
    for path in sorted(folder.rglob("test_*.py")):
        said = _constants(ast.parse(path.read_text("utf-8")))
        if "ROWS" in said:
            found.append(
                Scenario(path.relative_to(folder).as_posix(), tuple(said["ROWS"]), dict(said.get("BACKENDS", {})))
            )
    return tuple(found)


def _constants(tree: ast.Module) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in ("ROWS", "BACKENDS"):
                said[name] = ast.literal_eval(node.value)
    return said


def guides_page(packs: Iterable[Pack], scenarios: Iterable[Scenario]) -> str:
    """Return the page."""
    packs, scenarios = tuple(packs), tuple(scenarios)
    by_row: dict[str, list[Scenario]] = {}
    for scenario in scenarios:
        for row in scenario.rows:
            by_row.setdefault(row, []).append(scenario)
    parts = [_HEAD, *_counts(packs, scenarios, by_row)]
    for pack in packs:
        parts += [f"\n## {pack.name}\n\n{pack.summary}\n\n", *_table(pack, by_row)]
    return "".join(parts)


def _counts(
    packs: tuple[Pack, ...], scenarios: tuple[Scenario, ...], by_row: Mapping[str, list[Scenario]]
) -> Iterator[str]:
    rows = [row.name for pack in packs for row in rows_of(pack)]
    played = [row for row in rows if row in by_row]
    kinds = {row: {kind for each in by_row[row] for kind in each.backends.values()} for row in played}
    real, fake = (sum(found == {kind} for found in kinds.values()) for kind in ("real", "fake"))
    both = sum(len(found) > 1 for found in kinds.values())
    yield (
        f"\n{len(rows)} rows, {len(played)} of them played by {len(scenarios)} modules of scenarios: "
        f"{real} with real backends only, {both} with real and fake ones, {fake} with fake ones only.\n\n"
    )
    yield "| backend | rows with a real one | rows with a fake one |\n| --- | --- | --- |\n"
    counted: Counter[tuple[str, str]] = Counter()
    for row in played:
        counted.update({(system, kind) for each in by_row[row] for system, kind in each.backends.items()})
    for system in sorted({system for system, _ in counted}):
        yield f"| {system} | {counted[system, 'real']} | {counted[system, 'fake']} |\n"


def _table(pack: Pack, by_row: Mapping[str, list[Scenario]]) -> Iterator[str]:
    yield "| row | alert | looks at | alone: remedy | verified by | scenario | backends |\n"
    yield "| --- | --- | --- | --- | --- | --- | --- |\n"
    for row in rows_of(pack):
        for number, rule in enumerate(row.rules):
            yield _line(row, rule, by_row.get(row.name, []) if not number else [])


def _line(row: Row, rule: Rule, scenarios: list[Scenario]) -> str:
    guide = rule.guide
    title = rule.name.rpartition("/")[2].removeprefix(row.name).strip()
    alert = rule.alertnames[0] if rule.alertnames else ", ".join(rule.text.match)
    looks = ", ".join(f"`{name}`" for name in actions_of(guide.diagnose))
    remedies = "<br>".join(
        f"**{mode_of(rule, remedy)}**: {remedy.name} ({', '.join(f'`{name}`' for name in actions_of(remedy.steps))})"
        for remedy in guide.remedies
    )
    verified = ", ".join(f"`{name}`" for name in actions_of(guide.verify.conditions)) if guide.verify else ""
    if guide.text.call_people:
        verified = "somebody acknowledges, or the alert resolves"
    files = "<br>".join(f"[{Path(each.file).stem}](../tests/guides/{each.file})" for each in scenarios)
    kinds: dict[str, set[str]] = {}
    for each in scenarios:
        for system, kind in each.backends.items():
            kinds.setdefault(system, set()).add(kind)
    backends = ", ".join(f"{system} {' and '.join(sorted(kinds[system]))}" for system in sorted(kinds))
    cells = (
        f"{row.name} {title}",
        f"`{alert}`".replace("|", "\\|"),
        looks,
        remedies
        or (
            f"**auto**: calls people, by the ladder {guide.text.escalate}"
            if guide.text.call_people
            else "only evidence"
        ),
        verified,
        files,
        backends,
    )
    return f"| {' | '.join(cells)} |\n"
