"""Play all tests of some files, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter

import structlog

from remediator.core.problems import Problem
from remediator.errors import ConfigurationError, RemediatorError
from remediator.rehearsal import coverage, junit, update
from remediator.rehearsal.describe import describe
from remediator.rehearsal.documents import TestText, instant
from remediator.rehearsal.judge import Judged, judge
from remediator.rehearsal.play import Played, play
from remediator.rehearsal.read import Tables, TestFile, find_tests, read_tests
from remediator.rehearsal.tell import Outcome, summary, tell

log = structlog.get_logger("remediator")


class Session:
    """One call of ``remediator test``."""

    def __init__(
        self, *, only: str = "", update: bool = False, watch: Callable[[str, float], None] = lambda *_: None
    ) -> None:
        """``watch`` is told the test that is played, and its virtual seconds, again and again."""
        self.outcomes: list[Outcome] = []
        self.problems: list[Problem] = []  #: of files that cannot be read
        self._updated: set[tuple[Path, int]] = set()
        self._only, self._update, self._watch = only, update, watch
        self._tables: Tables = {}
        self._began = perf_counter()

    @property
    def failed(self) -> bool:
        """Whether anything was not as expected, or not right; that there are no tests is not right either."""
        return bool(self.problems) or not self.outcomes or any(not self._is_well(outcome) for outcome in self.outcomes)

    def run(self, paths: Iterable[Path], say: Callable[[str], None]) -> None:
        """Play all; say what is wrong as it is found."""
        for path in find_tests(paths):
            try:
                file = read_tests(path, self._tables)
            except ConfigurationError as error:
                self.problems += error.problems
                for problem in error.problems:
                    say(str(problem))
                continue
            played = [play_one(file, n, self._watch) for n, t in enumerate(file.text.tests) if self._only in t.name]
            self.outcomes += played
            if self._update:
                self._write(file, played, say)
            for outcome in played:
                if not self._is_well(outcome):
                    say(tell(outcome))

    def _write(self, file: TestFile, played: Sequence[Outcome], say: Callable[[str], None]) -> None:
        try:
            self._updated.update((file.path, number) for number in update.write(file, played))
        except ConfigurationError as error:
            self.problems += error.problems
            for problem in error.problems:
                say(str(problem))

    def summary(self) -> str:
        """Return the last line."""
        passed = sum(outcome.passed for outcome in self.outcomes)
        errors = sum(outcome.wrong for outcome in self.outcomes) + len(self.problems)
        failed = sum(not self._is_well(outcome) and not outcome.wrong for outcome in self.outcomes)
        return summary(passed, failed, errors, perf_counter() - self._began, len(self._updated))

    def coverage(self) -> tuple[str, ...]:
        """Return what no test has reached, a line each."""
        return coverage.missed(self.outcomes)

    def write_junit(self, path: Path) -> None:
        """Write all results as JUnit XML."""
        junit.write(path, self.outcomes, self.problems)

    def _is_well(self, outcome: Outcome) -> bool:
        return outcome.passed or (outcome.file.path, outcome.number) in self._updated


def play_one(file: TestFile, number: int, watch: Callable[[str, float], None] = lambda *_: None) -> Outcome:
    """Return what comes of one test. What it cannot be played for is its own fault, or ours: the others are played."""
    began = perf_counter()
    test = file.text.tests[number]
    try:
        played = play(file, test, partial(watch, test.name))
        judged = judge(test.expect, describe(played))
    except RemediatorError as error:
        played, judged = _not_played(test, str(error)), Judged()
    except Exception as error:  # what one test has met must not hide what became of the others
        log.error("a test has come upon a defect", test=test.name, exc_info=error)
        played, judged = _not_played(test, f"a defect of remediator: {type(error).__name__}: {error}"), Judged()
    return Outcome(file, number, played, judged, perf_counter() - began)


def _not_played(test: TestText, why: str) -> Played:
    return Played(instant(test.start), (), frozenset(), problems=(((), f"it cannot be played: {why}"),))
