"""tests/data/lint holds a bad file for each check, and beside it what is said. UPDATE_GOLDEN=1 writes that again."""

import os
from pathlib import Path

import pytest

from remediator.core.guards import Envelope
from remediator.core.lint import CHECKS, Site
from remediator.core.transitions import Mode
from remediator.interfaces.rule_files import load_rules
from remediator.interfaces.rule_files.linting import lint, subject_of
from remediator.settings import PROTECTED, PolicySettings

HERE = Path(__file__).parents[1] / "data/lint"
#: Two teams that share nobody must agree on a request to the depot; a flush is for somebody who cannot log in.
POLICY = PolicySettings.model_validate({
    "actions": ["http.*", "command.*", "systemd.*", "redis.*", "postgres.*", "kubernetes.rollout_restart", "kubernetes.scale"],
    "approvals": [
        {"actions": ["http.request"], "targets": ["http/depot/**"], "by": ["oncall"]},
        {"actions": ["http.*"], "targets": ["*/depot"], "by": ["owners"]},
        {"actions": ["redis.flush"], "by": ["dana"]},
    ],
    "groups": {"oncall": ["ann", "bob"], "owners": ["cem"]},
}).policy()  # fmt: skip
ALLOWED = Envelope(("kubernetes/default/shop/**", "kubernetes/*/kube-*/**", "http/shop", "http/depot"), PROTECTED, POLICY)


@pytest.mark.parametrize("name", CHECKS)
def test_it_says_this_and_nothing_else(name):
    loaded = load_rules([f"{name}.yaml"], HERE)
    problems = lint(loaded, subject_of(loaded, Site(Mode.AUTO, ALLOWED, frozenset({"ann", "bob"}))))
    said = "".join(f"{problem}\n" for problem in problems)
    golden = HERE / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(said)
    assert said == golden.read_text()
    assert {problem.name for problem in problems} == {name}


def test_every_bad_file_belongs_to_a_check():
    assert {path.stem for path in HERE.glob("*.yaml")} == set(CHECKS)


def test_the_shipped_rules_are_sound():
    root = Path(__file__).parents[2]
    for folder in ("demo/rules", "rules"):
        if (root / folder).is_dir():
            loaded = load_rules([f"{folder}/**/*.yaml"], root)
            assert [str(problem) for problem in lint(loaded, subject_of(loaded))] == []
