"""Compare what happened with what was expected. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from remediator.core.durations import duration_text
from remediator.rehearsal.compare import aligned, change_fits, hold_fits, same_time
from remediator.rehearsal.describe import Described, as_words
from remediator.rehearsal.expectations import ChangeText, ExpectText, HoldText, RunText

Place = tuple[str | int, ...]

MOST_LINES = 15  #: of a report in which a text is missing

TIMES = frozenset({"at", "until", "ended"})
CONTAINED = frozenset({"because", "reason", "report"})
LISTED = ("steps", "would")


class Difference(Struct, frozen=True):
    """Something is not as expected. ``place`` is the way from ``expect`` on."""

    place: Place
    what: str  #: the field
    expected: tuple[str, ...]  #: lines
    actual: tuple[str, ...]
    run: str = ""  #: of which run, for people
    same: tuple[tuple[int, int], ...] = ()  #: lines of expected and actual that agree


class Judged(Struct, frozen=True):
    """What is not as expected, and which run each expectation is about (None: none)."""

    differences: tuple[Difference, ...] = ()
    pairs: tuple[Described | None, ...] = ()
    more: tuple[Described, ...] = ()  #: runs that nothing is expected of


def judge(expect: ExpectText, happened: Sequence[Described]) -> Judged:
    """Return all that is not as expected."""
    pairs = pair(expect.runs, happened)
    more = tuple(found for found in happened if not any(found is paired for paired in pairs))
    differences: list[Difference] = []
    for number, (wanted, found) in enumerate(zip(expect.runs, pairs, strict=True)):
        place = ("runs", number)
        if found is None:
            differences.append(Difference(place, "run", (_named(wanted),), ("(none)",)))
        else:
            differences += _Run(wanted, found, place, exact=expect.exact).differences()
    unwanted = tuple(_said(found) for found in more)
    if not expect.nothing and expect.says_no_runs:
        if unwanted:
            differences.append(Difference(("runs",), "runs", ("(none)",), unwanted))
    elif not expect.nothing and not expect.runs:
        todo = "(nothing is expected yet; --update writes what happens)"
        differences.append(Difference(("runs",), "runs", (todo,), unwanted or ("(none)",)))
    if expect.nothing and unwanted:
        differences.append(Difference(("nothing",), "nothing", ("(nothing)",), unwanted))
    elif expect.exact and expect.runs and unwanted:
        differences.append(Difference(("exact",), "other runs", ("(none)",), unwanted))
    return Judged(tuple(differences), pairs, more)


def pair(wanted: Sequence[RunText], happened: Sequence[Described]) -> tuple[Described | None, ...]:
    """Return for each expectation the run that it is about: of its rule, as like as there is, the earliest."""
    left = list(happened)
    pairs: dict[int, Described] = {}
    for least in (7, 6, 5, 4):
        for number, one in enumerate(wanted):
            if number in pairs or not left:
                continue
            at, best = max(enumerate(left), key=lambda found: _likeness(one, found[1]))
            if _likeness(one, best) >= least:
                pairs[number] = left.pop(at)
    return tuple(pairs.get(number) for number in range(len(wanted)))


def _likeness(wanted: RunText, found: Described) -> int:
    """Return how well a run fits: rule before target before time; what is not named fits."""
    rule = wanted.rule is None or wanted.rule == found.rule
    target = wanted.target is None or wanted.target == found.target
    at = wanted.at is None or same_time(wanted.at, found.at)
    return 4 * rule + 2 * target + at


def _said(found: Described) -> str:
    return f"{found.rule} on {found.target or '(no target)'} at {found.at}"


def _named(wanted: RunText) -> str:
    at = f" at {_shown('at', wanted.at)}" if wanted.at is not None else ""
    return f"{wanted.rule or 'any rule'} on {wanted.target or 'any target'}{at}"


@dataclass
class _Run:
    """One run and what is expected of it."""

    wanted: RunText
    found: Described
    place: Place
    exact: bool
    made: list[Difference] = field(default_factory=list)

    def differences(self) -> list[Difference]:
        """Return what is not as expected."""
        for name in RunText.model_fields:
            wanted = getattr(self.wanted, name)
            if name not in self.wanted.model_fields_set or wanted is None:
                continue
            if name in LISTED:
                self._listed(name, wanted)
            elif name == "holds":
                self._holds(wanted)
            elif name in CONTAINED:
                self._contained(name, wanted)
            else:
                self._equal(name, wanted)
        return self.made

    def _say(
        self, name: str, expected: Sequence[str], actual: Sequence[str], same: Sequence[tuple[int, int]] = ()
    ) -> None:
        place = (*self.place, name)
        self.made.append(Difference(place, name, tuple(expected), tuple(actual), _said(self.found), tuple(same)))

    def _equal(self, name: str, wanted: Any) -> None:
        actual = self.found.field(name)
        if name == "remedies":
            if list(wanted) != actual:
                self._say(name, wanted or ("(none)",), actual or ("(none)",))
            return
        equal = same_time(wanted, actual) if name in TIMES else wanted == actual
        if not equal:
            self._say(name, (_shown(name, wanted),), (_shown(name, actual),))

    def _contained(self, name: str, wanted: tuple[str, ...]) -> None:
        actual = str(self.found.field(name))
        if missing := [text for text in wanted if text not in actual]:
            lines = actual.splitlines() or ["(empty)"]
            more = [f"… {len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
            self._say(name, missing, lines[:MOST_LINES] + more)

    def _listed(self, name: str, wanted: tuple[ChangeText, ...]) -> None:
        found = self.found
        actual = found.changes if name == "steps" else found.previews
        fits = [
            [change_fits(one, entry, found, exact=self.exact) for entry in actual]
            for one in wanted
        ]  # fmt: skip
        if len(wanted) == len(actual) and all(fits[index][index] for index in range(len(wanted))):
            return
        shown = [as_words(found.change(entry)) for entry in actual]
        self._say(name, [_change_words(one) for one in wanted], shown, aligned(fits))

    def _holds(self, wanted: tuple[HoldText, ...]) -> None:
        actual = self.found.holds
        if len(wanted) == len(actual) and all(map(hold_fits, wanted, actual)):
            return
        expected = [_hold_words(one.model_dump(mode="json", exclude_unset=True)) for one in wanted]
        self._say("holds", expected or ["(none)"], [_hold_words(one) for one in actual] or ["(none)"])


def _hold_words(hold: Mapping[str, Any]) -> str:
    because = hold.get("because")
    texts = because if isinstance(because, list) else [because] if because else []
    words = [hold.get("guard") or "any guard"]
    words += [f"{name} {hold[name]}" for name in ("at", "until") if hold.get(name) is not None]
    return " ".join(words) + (f": {'; '.join(texts)}" if texts else "")


def _change_words(wanted: ChangeText) -> str:
    more = wanted.model_dump(mode="json", exclude_unset=True, exclude={wanted.action})
    return as_words({wanted.action: wanted.args, **more})


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "(none)"
    return duration_text(value) if name in TIMES and isinstance(value, float) else str(value)
