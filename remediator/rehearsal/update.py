"""Write what happened into a file of tests (``--update``). Comments and layout stay as they are.

Only what was mentioned and differs is written; where nothing is expected yet, the essential of every
run is. Which part of a report matters is for people to say: a missing text stays missing.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from remediator.core.problems import Problem
from remediator.errors import ConfigurationError
from remediator.interfaces.documents import problem_at
from remediator.rehearsal.describe import Described, describe
from remediator.rehearsal.judge import CONTAINED, LISTED, Difference
from remediator.rehearsal.read import TestFile
from remediator.rehearsal.tell import Outcome


def write(file: TestFile, outcomes: Sequence[Outcome]) -> frozenset[int]:
    """Return the numbers of the tests that are as expected now; those that are not right are left alone.

    Raises ConfigurationError when the file cannot be written.
    """
    changed = [outcome for outcome in outcomes if outcome.judged.differences and not outcome.wrong]
    if not changed:
        return frozenset()
    yaml = _yaml(file)
    data = yaml.load(file.document.text)
    shared = _shared(data)
    for outcome in changed:
        if _has_any(data["tests"][outcome.number]["expect"], shared):
            raise ConfigurationError((_by_hand(file, outcome.number),))
    settled = frozenset(outcome.number for outcome in changed if _expect(data["tests"][outcome.number], outcome))
    written = io.StringIO()
    yaml.dump(data, written)
    try:
        file.path.write_text(written.getvalue(), "utf-8")
    except OSError as error:
        raise ConfigurationError((Problem(f"cannot be written: {error}", str(file.path)),)) from error
    return settled


def _shared(data: Any) -> frozenset[int]:
    """Return the ids of the nodes that stand at several places, by an alias or a merge."""
    counts: dict[int, int] = {}

    def count(node: Any) -> None:
        if not isinstance(node, (CommentedMap, CommentedSeq)):
            return
        counts[id(node)] = counts.get(id(node), 0) + 1
        if counts[id(node)] == 1:
            for below in node.values() if isinstance(node, CommentedMap) else node:
                count(below)

    count(data)
    return frozenset(node for node, times in counts.items() if times > 1)


def _has_any(node: Any, shared: frozenset[int]) -> bool:
    if not isinstance(node, (CommentedMap, CommentedSeq)):
        return False
    below = node.values() if isinstance(node, CommentedMap) else node
    return id(node) in shared or bool(getattr(node, "merge", None)) or any(_has_any(one, shared) for one in below)


def _by_hand(file: TestFile, number: int) -> Problem:
    message = "what is expected here is shared by an alias: nothing is written into the file; change it by hand"
    return problem_at(file.document, ("tests", number, "expect"), message, on_key=True)


def _yaml(file: TestFile) -> YAML:
    """Return a writer that indents as the file does."""
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 4096  # nobody's lines are broken
    places, keys = file.document.places, file.document.key_places
    offset = max(places["tests", 0].column - 2 - keys["tests",].column, 0)
    inner = next((keys[path].column for path in keys if path[:3] == ("tests", 0, "expect") and len(path) == 4), 0)  # noqa: PLR2004 -- one below
    step = inner - keys["tests", 0, "expect"].column
    yaml.indent(mapping=step if step > 0 else 2, sequence=offset + 2, offset=offset)
    return yaml


def _expect(test: CommentedMap, outcome: Outcome) -> bool:
    """Write one test's expectations; return whether nothing differs any more."""
    expect = test["expect"]
    if expect is None:
        expect = test["expect"] = CommentedMap()
    judged = outcome.judged
    happened = describe(outcome.played)
    wanted = outcome.test.expect
    if not wanted.runs:
        expect.pop("nothing", None)
        expect.pop("runs", None)
        if happened:
            expect["runs"] = CommentedSeq([_run(found) for found in happened])
        else:
            expect["nothing"] = True
        return True
    settled = True
    for difference in judged.differences:
        number = difference.place[1] if len(difference.place) > 2 else None  # noqa: PLR2004 -- runs, number, field
        found = judged.pairs[number] if isinstance(number, int) else None
        if found is not None and isinstance(number, int):
            settled = _field(expect["runs"][number], difference, found) and settled
    for number in reversed(range(len(judged.pairs))):
        if judged.pairs[number] is None:
            del expect["runs"][number]
    if wanted.exact:
        expect["runs"].extend(_run(found) for found in judged.more)
    if not expect["runs"]:
        del expect["runs"]
        expect["nothing"] = True
    return settled


def _run(found: Described) -> CommentedMap:
    made = CommentedMap(found.all())
    for name in LISTED:
        if name in made:
            made[name] = _listed([_change(change) for change in made[name]])
    if "remedies" in made:
        made["remedies"] = _listed(made["remedies"], flow=True)
    return made


def _field(run: CommentedMap, difference: Difference, found: Described) -> bool:
    name, actual = difference.what, found.field(difference.what)
    if name == "report":
        return False
    if name in LISTED:
        # What fits is kept as it is written.
        kept = {there: run[name][here] for here, there in difference.same}
        run[name] = _listed([kept.get(number) or _change(change) for number, change in enumerate(actual)])
    elif name in CONTAINED and isinstance(run[name], list):
        texts = [text for text in run[name] if text not in difference.expected]
        run[name] = _listed([*texts, actual])
    elif name in ("remedies", "holds"):
        run[name] = _listed(actual, flow=name == "remedies")
    elif actual is None:
        del run[name]
    else:
        run[name] = actual
    return True


def _change(change: dict[str, Any]) -> CommentedMap:
    made = CommentedMap(change)
    for name, value in change.items():
        if isinstance(value, dict):
            made[name] = CommentedMap(value)
            made[name].fa.set_flow_style()
    return made


def _listed(items: Sequence[Any], *, flow: bool = False) -> CommentedSeq:
    made = CommentedSeq(items)
    if flow or not items:
        made.fa.set_flow_style()
    return made
