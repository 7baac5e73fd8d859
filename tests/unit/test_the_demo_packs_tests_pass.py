"""``remediator test`` as a command: quiet when all is well, exit codes, selection, coverage, JUnit."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from fakes.forking import run

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/unit/golden_rule_tests"


def remediator(*words, cwd=ROOT):
    done = run(*words, cwd=cwd)
    return done.returncode, done.stdout, done.stderr


def test_the_demo_s_rules_pass_and_are_covered():
    code, out, err = remediator("test", "demo/rules", "--coverage")
    assert (code, err) == (0, "")
    coverage, summary = out.splitlines()
    assert coverage == "coverage: 1 of 1 rules in full"
    assert summary.startswith("7 passed in ")


def test_what_fails_exits_1_and_is_written_for_ci(tmp_path):
    junit = tmp_path / "junit.xml"
    code, out, _ = remediator("test", str(GOLDEN / "exactly_and_nothing_test.yaml"), "demo/rules", "--junit", str(junit))
    assert code == 1
    assert "4 failed, 7 passed in " in out
    failing, passing = ET.parse(junit).getroot()
    assert (failing.get("tests"), failing.get("failures"), failing.get("errors")) == ("4", "4", "0")
    assert (passing.get("tests"), passing.get("failures")) == ("7", "0")
    case = failing[0]
    assert (case.get("name"), case.get("line")) == ("nothing happens", "7")
    assert "restart on host/web at 0s" in case[0].text


def test_a_file_that_cannot_be_right_is_an_error_for_ci(tmp_path):
    junit = tmp_path / "junit.xml"
    code, out, _ = remediator("test", str(GOLDEN / "names_are_wrong_test.yaml"), "--junit", str(junit))
    assert code == 1
    assert 'did you mean "health"?' in out
    assert {suite.get("errors") for suite in ET.parse(junit).getroot()} == {"1"}


def test_one_test_can_be_chosen():
    code, out, _ = remediator("test", "demo/rules", "-k", "nobody's business")
    assert code == 0
    assert out.startswith("1 passed in ")


def test_coverage_says_what_no_test_reaches():
    code, out, _ = remediator("test", str(GOLDEN / "held_by_another_guard_test.yaml"), "--coverage")
    assert code == 1
    assert "rule restart: never held by throttle in any test" in out
    assert "rule restart: never held by cooldown" not in out
    assert "rule scale: matches no alert of any test" in out
    assert "coverage: 0 of 3 rules in full" in out


@pytest.mark.parametrize("words", [["docs"], ["demo/rules/no_test.yaml"], ["demo/rules", "-k", "no such test"]])
def test_that_there_are_no_tests_is_no_success(words):
    code, out, err = remediator("test", *words)
    assert code == 1
    assert "error" in out + err or out.startswith("no tests")
