"""Turns all that pydantic found wrong with a document into problems with places."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from pydantic import ValidationError

from remediator.core.problems import Problem, nearest
from remediator.core.redaction import is_secret_name
from remediator.interfaces.fault_words import Finding, Words, choices, needed, words_for
from remediator.interfaces.places import Document, Path, problem_at, shorten
from remediator.interfaces.shapes import Trace, follow

MOST_PROBLEMS = 100  #: told at once


class _Fault(Struct, frozen=True):
    """One error on its way to become a problem."""

    trace: Trace
    finding: Finding
    words: Words
    on_key: bool = False
    offset: int = 0

    @property
    def extra(self) -> bool:
        return self.finding.kind == "extra_forbidden"


def problems_of(error: ValidationError, document: Document, model: Any, data: Any, path: Path) -> tuple[Problem, ...]:
    """Return the problems in the order of the file. ``data`` stands at ``path`` in the document."""
    faults = [_fault(one, document, model, data, path) for one in error.errors(include_url=False)]
    told = _without_echoes(_settled((fault for fault in faults if not _miscounted(fault)), 0))
    unique = dict.fromkeys(_problem(fault, document, path) for fault in told)
    problems = sorted(unique, key=lambda one: (one.line, one.column))
    if len(problems) > MOST_PROBLEMS:
        more = Problem(f"there are {len(problems) - MOST_PROBLEMS} problems more", document.file)
        problems = [*problems[:MOST_PROBLEMS], more]
    return tuple(problems)


def _fault(error: Any, document: Document, model: Any, data: Any, path: Path) -> _Fault:
    kind, context, loc = error["type"], dict(error.get("ctx") or {}), error["loc"]
    if kind.startswith("union_tag"):
        # The error stands at the mapping; what is wrong is its discriminator.
        loc = (*loc, *choices(str(context.get("discriminator", ""))))
    missing, extra = kind in {"missing", "union_tag_not_found"}, kind == "extra_forbidden"
    trace = follow(loc, data, model, ends_with_key=missing or extra)
    value = trace.path[-1] if trace.on_key and trace.path else trace.value
    finding = Finding(kind, error["msg"], context, value, document.written((*path, *trace.path)), trace.secret)
    if missing:
        return _Fault(trace, finding, Words(f'"{trace.absent}" is missing'), on_key=True)
    if extra:
        key = str(loc[-1])
        return _Fault(trace, finding, Words(f'unknown key "{shorten(key)}"', nearest(key, trace.known)), on_key=True)
    reason = context.get("error")
    offset = getattr(reason, "offset", getattr(getattr(reason, "__cause__", None), "offset", 0))
    # An empty value has no place of its own to show; a mapping as a whole is best shown by its key.
    on_key = trace.on_key or trace.value is None or (isinstance(trace.value, dict) and isinstance(reason, Exception))
    return _Fault(trace, finding, words_for(finding), on_key, offset if isinstance(offset, int) else 0)


def _problem(fault: _Fault, document: Document, path: Path) -> Problem:
    problem = problem_at(
        document,
        (*path, *fault.trace.path),
        fault.words.message,
        fault.words.hint,
        on_key=fault.on_key,
        offset=fault.offset,
    )
    # A misspelt "password" has a secret beside it all the same.
    return replace(problem, source="") if fault.extra and is_secret_name(fault.words.hint) else problem


def _settled(faults: Iterable[_Fault], depth: int) -> list[_Fault]:
    """Return the faults with one branch chosen for each union that was met as the ``depth``-th on the way."""
    settled: list[_Fault] = []
    unions: dict[Any, dict[str, list[_Fault]]] = {}
    for fault in faults:
        branches = fault.trace.branches
        if len(branches) <= depth:
            settled.append(fault)
        else:
            site, label = branches[depth]
            unions.setdefault((branches[:depth], site), {}).setdefault(label, []).append(fault)
    for (_, site), by_label in unions.items():
        settled += _settled(_chosen(list(by_label.values()), site), depth + 1)
    return settled


def _chosen(branches: list[list[_Fault]], site: Path) -> list[_Fault]:
    """Return the faults of the branch that was most likely meant: the one whose kind of value stands there."""
    fitting = [faults for faults in branches if not all(one.words.needs and one.trace.path == site for one in faults)]
    if fitting:
        return min(fitting, key=len)
    first = branches[0][0]
    everything = [one for faults in branches for one in faults]
    if len(everything) == 1:
        return everything
    hint = next((one.words.hint for one in everything if one.words.hint), "")
    words = needed((one.words.needs for one in everything), first.finding, hint)
    return [replace(first, words=words, trace=replace(first.trace, branches=()))]


def _miscounted(fault: _Fault) -> bool:
    """Whether a list is called too short only because its items are wrong: pydantic does not count those."""
    value = fault.trace.value
    return (
        fault.finding.kind == "too_short"
        and isinstance(value, (list, dict))
        and len(value) >= fault.finding.context.get("min_length", 0)
    )


def _without_echoes(faults: list[_Fault]) -> list[_Fault]:
    """Leave out a missing key that a misspelt one beside it explains."""
    explained = {(fault.trace.path[:-1], fault.words.hint) for fault in faults if fault.extra}
    return [
        fault
        for fault in faults
        if fault.extra or (fault.trace.path, f'did you mean "{fault.trace.absent}"?') not in explained
    ]
