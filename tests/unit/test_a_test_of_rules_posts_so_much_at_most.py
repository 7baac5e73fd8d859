"""Copies that are resent multiply: a test that would post more than memory holds is refused before it is played."""

from pathlib import Path

import pytest

from remediator.errors import ConfigurationError
from remediator.rehearsal.read import read_tests
from remediator.rehearsal.session import Session

PACK = (Path(__file__).parent / "golden_rule_tests" / "pack.yaml").read_text()
TEXT = """
rule_files: [pack.yaml]
tests:
  - name: many
    until: 1d
    alerts:
      - {labels: {alertname: "Nobody"}}
      - {labels: {alertname: "Nobody", service: "a"}, MANY}
      - {labels: {alertname: "Nobody", service: "a"}, at: AGAIN}
    expect: {nothing: true}
"""


def written(folder, many, again="1d"):
    (folder / "pack.yaml").write_text(PACK)
    (folder / "many_test.yaml").write_text(TEXT.replace("MANY", many).replace("AGAIN", again))
    return folder / "many_test.yaml"


@pytest.mark.parametrize("many", ["copies: 10000, every: 5s", "copies: 12, every: 1ms", "copies: 20, every: 1s"])
def test_too_many_are_a_problem_at_their_place(tmp_path, many):
    with pytest.raises(ConfigurationError, match=r"would be posted [0-9,]+ times; 100,000 are the most in a test") as caught:
        read_tests(written(tmp_path, many))
    assert [problem.line for problem in caught.value.problems] == [8]


@pytest.mark.parametrize(("many", "again"), [("copies: 10", "1d"), ("copies: 2, every: 1h", "1d"), ("every: 1ms", "200ms"), ("copies: 20, every: 100ms", "1s, copies: 20")])
def test_what_memory_holds_is_played(tmp_path, many, again):
    session = Session()
    session.run([written(tmp_path, many, again)], print)
    assert not session.failed
