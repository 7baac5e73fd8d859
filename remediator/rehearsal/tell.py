"""Tell what came of tests: a line when all is well, else what differs, where, and what happened."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from remediator.rehearsal.describe import time_text
from remediator.rehearsal.documents import TestText
from remediator.rehearsal.judge import Difference, Judged
from remediator.rehearsal.play import Played
from remediator.rehearsal.read import TestFile
from remediator.rehearsal.stubs import advice

MOST_MOMENTS = 40  #: of what happened, told with a failure
WIDEST = 160  #: characters of a line that is not the user's own text


class Outcome(Struct, frozen=True):
    """What came of one test."""

    file: TestFile
    number: int
    played: Played
    judged: Judged
    seconds: float  #: real ones

    @property
    def test(self) -> TestText:
        """The test."""
        return self.file.text.tests[self.number]

    @property
    def wrong(self) -> bool:
        """Whether the test itself is not right: an answer is missing, nobody asks for an approval."""
        return bool(self.played.unanswered or self.played.problems)

    @property
    def passed(self) -> bool:
        """Whether all is as expected."""
        return not self.wrong and not self.judged.differences

    @property
    def place(self) -> str:
        """Where the test stands, as file and line."""
        return self.file.place("tests", self.number)


def tell(outcome: Outcome) -> str:
    """Return what is to be said of a test that did not pass."""
    head = "ERROR" if outcome.wrong else "FAILED"
    lines = [f"{head} {outcome.place}: {_cut(outcome.test.name)}"]
    for missing in outcome.played.unanswered:
        lines += _indented(f"no answer: {advice(missing)}", 2)
    for place, message in outcome.played.problems:
        lines.append(_cut(f"  {outcome.file.place('tests', outcome.number, *place)}: {message}"))
    told = ""
    # What differs where an answer is missing follows from that.
    for difference in outcome.judged.differences if not outcome.played.unanswered else ():
        if difference.run and difference.run != told:
            lines.append(f"  {_cut(difference.run)}")
            told = difference.run
        lines += _difference(outcome, difference)
    return "\n".join([*lines, "  what happened", *_happened(outcome.played)])


def _difference(outcome: Outcome, difference: Difference) -> Iterator[str]:
    place = outcome.file.place("tests", outcome.number, "expect", *difference.place)
    yield f"    {place}: {difference.what}"
    expected, actual = 0, 0
    for same in (*difference.same, (len(difference.expected), len(difference.actual))):
        yield from (line for text in difference.expected[expected : same[0]] for line in _signed("-", text))
        yield from (line for text in difference.actual[actual : same[1]] for line in _signed("+", text))
        expected, actual = same[0] + 1, same[1] + 1
        if same[1] < len(difference.actual) and same[0] < len(difference.expected):
            yield from _signed(" ", difference.expected[same[0]])


def _signed(sign: str, text: str) -> Iterator[str]:
    return (f"      {sign} {_cut(line)}".rstrip() for line in text.splitlines() or [""])


def _happened(played: Played) -> list[str]:
    """Return how each run went, moment by moment."""
    moments = []
    for story in played.stories:
        name = f"{story.rule}" + (f" on {story.target}" if story.target else "")
        if story.view is None:
            moments.append((story.created_at, f"{name}: refused by {story.refused_by}: {story.refused_because}"))
        last = ""
        for moment in story.moments:
            held = f" by {moment.held_by}" if moment.held_by else ""
            until = f" until {time_text(played.start, moment.held_until)}" if moment.held_until else ""
            reason = f": {moment.reason}" if moment.reason not in ("", last, moment.status) else ""
            last = moment.reason  # a row keeps it until there is another
            moments.append((moment.at, f"{name}: {moment.status}{held}{until}{reason}"))
    moments.sort(key=lambda moment: moment[0])
    shown = [f"    {time_text(played.start, at) or '':>8}  {_cut(text)}" for at, text in moments[:MOST_MOMENTS]]
    if len(moments) > MOST_MOMENTS:
        shown.append(f"    … {len(moments) - MOST_MOMENTS} more")
    return shown or ["    nothing: no rule takes these alerts"]


def summary(passed: int, failed: int, errors: int, seconds: float, updated: int = 0) -> str:
    """Return the last line: ``2 failed, 12 passed in 0.12s``."""
    counts = [(failed, "failed"), (errors, "not right"), (updated, "updated"), (passed, "passed")]
    words = ", ".join(f"{count} {word}" for count, word in counts if count) or "no tests"
    return f"{words} in {seconds:.2f}s"


def _indented(text: str, by: int) -> list[str]:
    return [" " * by + line for line in text.splitlines()]


def _cut(text: str) -> str:
    safe = "".join(char if char.isprintable() else " " for char in text)
    return safe if len(safe) <= WIDEST else safe[: WIDEST - 1] + "…"
