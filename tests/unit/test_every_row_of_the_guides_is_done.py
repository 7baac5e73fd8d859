"""Every row of the troubleshooting guides has a rule, a unit test, and a scenario; none goes further alone than it may."""

from pathlib import Path

import pytest
import yaml

from remediator.cli.reference import SCENARIOS
from remediator.core.transitions import Mode
from remediator.interfaces.packs import mode_of, rows_of, shipped
from remediator.interfaces.packs_page import read_scenarios

LINES = (Path(__file__).parents[1] / "data/guide_rows.txt").read_text().splitlines()[1:]
ROWS = dict(line.split(" ", 1) for line in LINES)
PACKS = shipped()
RULES = {row.name: row.rules for pack in PACKS for row in rows_of(pack)}
PLAYED = {row for scenario in read_scenarios(SCENARIOS) for row in scenario.rows}
TESTED = {
    test["name"].split(" ")[0]
    for pack in PACKS
    for file in pack.files
    if file.stem.endswith("_test")
    for test in yaml.safe_load(file.read_text())["tests"]
}
ALL = [(rule, remedy) for pack in PACKS for rule in pack.rules for remedy in rule.guide.remedies]


@pytest.mark.parametrize("row", ROWS)
def test_it_has_a_rule(row):
    assert row in RULES


@pytest.mark.parametrize("row", ROWS)
def test_it_has_a_scenario(row):
    assert row in PLAYED


def test_every_row_has_a_unit_test_beside_its_pack():
    assert sorted(RULES.keys() - TESTED) == []


@pytest.mark.parametrize("row", RULES)
def test_it_goes_no_further_alone_than_it_may(row):
    modes = {mode_of(rule, remedy) for rule in RULES[row] for remedy in rule.guide.remedies}
    if ROWS[row] == "show":
        assert modes <= {Mode.OBSERVE}
    if ROWS[row] == "ask":
        assert Mode.AUTO not in modes
    if ROWS[row] == "auto / ask" and row != "AP-10":  # there it is the digest that goes out by itself
        assert Mode.AUTO in modes


def test_no_row_is_made_up():
    assert sorted(RULES.keys() - ROWS.keys()) == []
    assert sorted(PLAYED - ROWS.keys()) == []


def test_scenarios_say_what_their_backends_are():
    for scenario in read_scenarios(SCENARIOS):
        assert scenario.backends, scenario.file
        assert set(scenario.backends.values()) <= {"real", "fake"}, scenario.file


@pytest.mark.parametrize(("rule", "remedy"), ALL, ids=lambda each: each.name)
def test_a_remedy_that_nothing_points_to_is_asked_about(rule, remedy):
    assert remedy.when is not None or mode_of(rule, remedy) is not Mode.AUTO


@pytest.mark.parametrize(("rule", "remedy"), ALL, ids=lambda each: each.name)
def test_a_remedy_that_changes_the_environment_says_that_pods_restart(rule, remedy):
    if any(step.action == "kubernetes.set_env" for step in remedy.steps):
        assert "restart" in remedy.name


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_rules_take_no_other_platforms_alerts(pack):
    for rule in pack.rules:
        assert any(matcher.name == "platform" for matcher in rule.matchers), rule.name
