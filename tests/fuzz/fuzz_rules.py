"""``python tests/fuzz/fuzz_rules.py --files N --seed N``: no rule file crashes the loader or the checks.

Whatever a file holds, the answer is a table with problems, or a list of problems, each at a place
in the file; within a time; and a matcher that was read prints as what reads back as itself.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.rule_texts import rule_texts

from remediator.core.guards import Envelope
from remediator.core.lint import Site
from remediator.core.matchers import parse_matchers
from remediator.core.transitions import Mode
from remediator.errors import ConfigurationError
from remediator.interfaces.rule_files import load_rules
from remediator.interfaces.rule_files.linting import lint, subject_of

LONGEST = 5.0  #: seconds for one file
SITE = Site(Mode.AUTO, Envelope(("kubernetes/*/shop/**", "http/*")))


def check_one(text: str, folder: Path) -> bool:
    """Whether the file loads. Raise AssertionError, or whatever crashed, when it is not handled as it must be."""
    (folder / "a.yaml").write_text(text, "utf-8", newline="")
    began = time.perf_counter()
    try:
        loaded = load_rules(["a.yaml"], folder)
    except ConfigurationError as error:
        problems, sound = list(error.problems), False
    else:
        problems, sound = lint(loaded, subject_of(loaded, SITE)), True
        for rule in loaded.table.rules:
            for matcher in rule.matchers:
                assert parse_matchers(str(matcher)).matchers == (matcher,)
    assert time.perf_counter() - began < LONGEST, "it takes too long"
    assert sound or problems
    for problem in problems:
        assert problem.message
        assert str(problem)
        assert problem.line >= 0
    return sound


def fuzz(count: int, seed: int) -> int:
    """Return how many of so many files were sound."""
    sound = 0
    with tempfile.TemporaryDirectory() as folder:
        for text in rule_texts(count, seed):
            try:
                sound += check_one(text, Path(folder))
            except Exception:
                print(f"--- this file does it:\n{text}\n---", file=sys.stderr)
                raise
    return sound


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--files", type=int, default=20_000)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    start = time.perf_counter()
    number = fuzz(given.files, given.seed)
    print(f"{given.files} rule files, {number} of them sound, none crashed; {time.perf_counter() - start:.0f} s")
