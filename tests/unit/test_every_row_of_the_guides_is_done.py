"""Every row of the troubleshooting guides has a rule, a unit test, and a scenario; none goes further alone than it may."""

import functools
from pathlib import Path

import pytest
import yaml

from remediator.cli.reference import SCENARIOS
from remediator.core.transitions import Mode
from remediator.interfaces.packs import mode_of, rows_of, shipped
from remediator.interfaces.packs_page import read_scenarios

LINES = (Path(__file__).parents[1] / "data/guide_rows.txt").read_text().splitlines()[1:]
ROWS = dict(line.split(" ", 1) for line in LINES)
NAMES = sorted(file.stem for file in (Path(__file__).parents[2] / "rules").glob("*.yaml") if not file.stem.endswith("_test"))


@functools.cache
def packs():
    return {pack.name: pack for pack in shipped()}


@functools.cache
def rules_of_rows():
    return {row.name: row.rules for pack in packs().values() for row in rows_of(pack)}


@functools.cache
def played():
    return {row for scenario in read_scenarios(SCENARIOS) for row in scenario.rows}


def rows_with_tests():
    files = [file for pack in packs().values() for file in pack.files if file.stem.endswith("_test")]
    tests = [test for file in files for test in yaml.load(file.read_text(), yaml.CSafeLoader)["tests"]]
    return {test["name"].split(" ")[0] for test in tests}


def test_these_are_the_packs():
    assert sorted(packs()) == NAMES


@pytest.mark.parametrize("row", ROWS)
def test_it_has_a_rule(row):
    assert row in rules_of_rows()


@pytest.mark.parametrize("row", ROWS)
def test_it_has_a_scenario(row):
    assert row in played()


def test_every_row_has_a_unit_test_beside_its_pack():
    assert sorted(rules_of_rows().keys() - rows_with_tests()) == []


@pytest.mark.parametrize("row", ROWS)
def test_it_goes_no_further_alone_than_it_may(row):
    modes = {mode_of(rule, remedy) for rule in rules_of_rows()[row] for remedy in rule.guide.remedies}
    if ROWS[row] == "show":
        assert modes <= {Mode.OBSERVE}
    if ROWS[row] == "ask":
        assert Mode.AUTO not in modes
    # In AP-10 it is the digest that goes out by itself; in SP-10 what is left alone is the evidence.
    if ROWS[row] == "auto / ask" and row not in {"AP-10", "SP-10"}:
        assert Mode.AUTO in modes


def test_no_row_is_made_up():
    assert sorted(rules_of_rows().keys() - ROWS.keys()) == []
    assert sorted(played() - ROWS.keys()) == []


def test_scenarios_say_what_their_backends_are():
    for scenario in read_scenarios(SCENARIOS):
        assert scenario.backends, scenario.file
        assert set(scenario.backends.values()) <= {"real", "fake"}, scenario.file


@pytest.mark.parametrize("pack", NAMES)
def test_a_remedy_that_nothing_points_to_is_asked_about(pack):
    for rule in packs()[pack].rules:
        for remedy in rule.guide.remedies:
            assert remedy.when is not None or mode_of(rule, remedy) is not Mode.AUTO, (rule.name, remedy.name)


@pytest.mark.parametrize("pack", NAMES)
def test_a_remedy_that_changes_the_environment_says_that_pods_restart(pack):
    for rule in packs()[pack].rules:
        for remedy in rule.guide.remedies:
            if any(step.action == "kubernetes.set_env" for step in remedy.steps):
                assert "restart" in remedy.name, rule.name


@pytest.mark.parametrize("pack", NAMES)
def test_rules_take_no_other_platforms_alerts(pack):
    for rule in packs()[pack].rules:
        assert any(matcher.name == "platform" for matcher in rule.matchers), rule.name
