"""The hook's command and the workflow's are commands, and do what their files say."""

import re
import shlex
from pathlib import Path

import yaml
from typer.testing import CliRunner

from remediator.cli import application

ROOT = Path(__file__).parents[2]
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
HOOK = HOOKS["remediator-check"]
RULES = "guides: {g: {summary: s, target: http/a}}\n"


def run(line):
    program, *words = shlex.split(line)
    assert program == "remediator"
    return CliRunner().invoke(application, words)


def test_the_hook_checks_the_files_of_a_commit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.yaml").write_text(RULES)
    assert run(f"{HOOK['entry']} rules/a.yaml").exit_code == 3
    wanted, passed_over = re.compile(HOOK["files"]), re.compile(HOOK["exclude"])
    assert wanted.search("site/rules/a.yaml")
    assert passed_over.search("rules/a_test.yaml")
    assert not passed_over.search("rules/a.yaml")


def test_the_sample_runs_both_hooks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.yaml").write_text(RULES)
    (repository,) = yaml.safe_load((ROOT / "config/ci/pre-commit-config.yaml").read_text())["repos"]
    assert {hook["id"]: hook["entry"] for hook in repository["hooks"]} == {name: hook["entry"] for name, hook in HOOKS.items()}
    came = {hook["id"]: run(shlex.join([*shlex.split(hook["entry"]), *hook["args"]])) for hook in repository["hooks"]}
    assert came["remediator-check"].exit_code == 3
    assert "no unit tests of rules lie here" in str(came["remediator-test"].exception)
    assert all(re.search(hook["files"], "site/rules/a_test.yaml") for hook in repository["hooks"])


def test_the_workflow_annotates_what_it_finds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.yaml").write_text(RULES)
    (tmp_path / "remediator.yml").write_text("rules: [rules/*.yaml]\n")
    steps = yaml.safe_load((ROOT / "config/ci/github-actions.yml").read_text())["jobs"]["check"]["steps"]
    came = run(next(step["run"] for step in steps if "remediator check" in step.get("run", "")))
    assert came.stdout.startswith("::warning file=rules/a.yaml,line=1,col=10,title=unused-guide::")
    assert came.exit_code == 3
