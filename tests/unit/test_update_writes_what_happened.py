"""``remediator test --update``: what is there now passes, and nothing else in the file is touched."""

import difflib
from pathlib import Path

import pytest

from remediator.rehearsal.session import Session

GOLDEN = Path(__file__).parent / "golden_rule_tests"
HEAD = """\
# What this is about.
rule_files: [pack.yaml]   # beside it

answers:
  health: {outputs: {holds: false}}
  restart: {outputs: {status: 200}}
  check1:
    - {changed: false, outputs: {holds: false}}   # before
    - {changed: true, outputs: {holds: true}}

tests:
  # The first.
  - name: "it is restarted"
    alerts:
      - labels: {alertname: Down, service: 'web'}
    expect:
"""


@pytest.fixture
def updated(tmp_path):
    (tmp_path / "pack.yaml").write_text((GOLDEN / "pack.yaml").read_text("utf-8"))
    path = tmp_path / "pack_test.yaml"

    def updated(expect, more=""):
        before = HEAD + expect + more
        path.write_text(before)
        said = []
        Session(update=True).run([path], said.append)
        after = path.read_text("utf-8")
        again = Session()
        again.run([path], said.append)
        changes = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
        return changes, said, again.failed

    return updated


def test_only_what_differs_is_written(updated):
    expect = """\
      runs:
        - rule: restart          # the first rule
          # It should be quick.
          ended: 10s
          steps:
            - http.request: {method: "PUT"}   # kept as it is
            - http.request: {method: POST}
          status: "succeeded"
"""
    changes, said, failed = updated(expect)
    assert changes == [
        "-           ended: 10s",
        "+           ended: 0s",
        "-             - http.request: {method: POST}",
    ]
    assert (said, failed) == ([], False)


def test_where_nothing_is_expected_yet_the_essential_is(updated):
    changes, said, failed = updated("      exact: true\n")
    assert [line[2:] for line in changes if line[0] == "+"] == [
        "      runs:",
        "        - rule: restart",
        "          target: host/web",
        "          at: 0s",
        "          verdict: run",
        "          remedies: [restart it]",
        "          steps:",
        "            - http.request: {url: http://127.0.0.1:9/restart/web, method: PUT}",
        "          verification: holds",
        "          status: succeeded",
        """          reason: '"restart it" helped: holds: http.probe check1 holds'""",
    ]
    assert (said, failed) == ([], False)


def test_a_run_that_does_not_come_is_taken_out_and_one_more_is_put_in(updated):
    expect = "      exact: true\n      runs:\n        - {rule: scale}\n"
    changes, said, failed = updated(expect)
    assert "-         - {rule: scale}" in changes
    assert "+         - rule: restart" in changes
    assert (said, failed) == ([], False)


def test_nothing_becomes_what_happens(updated):
    changes, said, failed = updated("      nothing: true\n")
    assert "-       nothing: true" in changes
    assert (said, failed) == ([], False)


def test_a_missing_text_of_a_report_is_for_people(updated):
    changes, said, failed = updated("      runs:\n        - {status: failed, report: [no such text]}\n")
    assert changes[-1] == "+         - {status: succeeded, report: [no such text]}"
    assert "no such text" in said[0]
    assert failed


def test_a_test_that_is_not_right_is_left_alone(updated):
    changes, said, failed = updated("      nothing: true\n    approvals: [{at: 1m}]\n")
    assert changes == []
    assert said[0].startswith("ERROR")
    assert failed


def test_what_is_as_expected_is_not_written_at_all(updated):
    changes, _, failed = updated("      runs: [{status:    succeeded}]\n")
    assert changes == []
    assert not failed


@pytest.mark.parametrize("name", ["another_status_and_other_steps", "held_by_another_guard", "exactly_and_nothing"])
def test_every_failing_example_passes_afterwards(name, tmp_path):
    (tmp_path / "pack.yaml").write_text((GOLDEN / "pack.yaml").read_text("utf-8"))
    path = tmp_path / f"{name}_test.yaml"
    path.write_text((GOLDEN / path.name).read_text("utf-8"))
    Session(update=True).run([path], lambda _: None)
    said = []
    Session().run([path], said.append)
    assert said == []
