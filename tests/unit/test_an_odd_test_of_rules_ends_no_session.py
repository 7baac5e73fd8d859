"""What is wrong with one test is told where it stands; the others are played and their results written."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from remediator.engine.clock import new_id
from remediator.errors import ConfigurationError
from remediator.rehearsal.read import read_tests
from remediator.rehearsal.session import Session, play_one
from remediator.rehearsal.tell import tell

PACK = (Path(__file__).parent / "golden_rule_tests" / "pack.yaml").read_text()
HEAD = """
rule_files: [pack.yaml]
answers: {health: {outputs: {holds: false}}, restart: {outputs: {status: 200}}, check1: {outputs: {holds: true}}}
tests:
"""
QUIET = '  - {name: NAME, alerts: [{labels: {alertname: "Nobody"}}], expect: {nothing: true}}\n'


def written(folder, *tests):
    (folder / "pack.yaml").write_text(PACK)
    path = folder / "odd_test.yaml"
    path.write_text(HEAD + "".join(tests))
    return path


@pytest.mark.parametrize("start", ["1969-12-31T23:59:59Z", "9000-01-01", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_a_start_that_no_clock_tells_is_a_problem_at_its_place(tmp_path, start):
    path = written(tmp_path, QUIET.replace("NAME", f'odd, start: "{start}"'))
    with pytest.raises(ConfigurationError, match="between 1970 and 9000") as caught:
        read_tests(path)
    assert (caught.value.problems[0].line, caught.value.problems[0].column) == (5, QUIET.index("NAME") + len('odd, start: "'))


@pytest.mark.parametrize("start", ["1970-01-01", "8999-12-31T23:59:59Z"])
def test_the_first_and_the_last_start_are_played(tmp_path, start):
    session = Session()
    session.run([written(tmp_path, QUIET.replace("NAME", f'odd, start: "{start}"'))], print)
    assert not session.failed


def test_one_that_lasts_too_long_is_a_problem_at_its_place(tmp_path):
    alert = '{labels: {alertname: "Nobody"}, copies: 10000, apart: 10y}'
    with pytest.raises(ConfigurationError, match="ten years at most") as caught:
        read_tests(written(tmp_path, QUIET.replace('{labels: {alertname: "Nobody"}}', alert)))
    assert caught.value.problems[0].line == 5


def test_a_defect_in_one_is_its_own_outcome(tmp_path):
    reloads = QUIET.replace("NAME", "one, reloads: [{at: 1s, rule_files: [pack.yaml]}]")
    file = read_tests(written(tmp_path, reloads, QUIET.replace("NAME", "two")))
    broken = replace(file, reloaded={})  # what it reloads was not read: no file can say so
    session = Session()
    session.outcomes = [play_one(broken, 0), play_one(broken, 1)]
    session.write_junit(tmp_path / "junit.xml")
    assert [outcome.wrong for outcome in session.outcomes] == [True, False]
    said = tell(session.outcomes[0])
    assert "odd_test.yaml:5: it cannot be played: a defect of remediator: KeyError" in said
    cases = ET.parse(tmp_path / "junit.xml").findall(".//testcase")
    assert [len(case.findall("error")) for case in cases] == [1, 0]


def test_what_is_random_is_random_again_after_a_defect(tmp_path):
    reloads = QUIET.replace("NAME", "one, reloads: [{at: 1s, rule_files: [pack.yaml]}]")
    broken = replace(read_tests(written(tmp_path, reloads)), reloaded={})
    play_one(broken, 0)
    first = new_id(0)
    play_one(broken, 0)
    assert new_id(0) != first
