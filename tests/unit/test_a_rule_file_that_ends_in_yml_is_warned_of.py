"""Whoever names a folder is told which rule files in it are not read; the daemon's configuration is none of them."""

import pytest
from typer.testing import CliRunner

from remediator.cli import application

RULES = """\
rules: [{name: NAME, match: alertname = "NAME", guide: NAME, runbook_url: "http://x"}]
guides: {NAME: {summary: s, target: http/shop}}
"""
NOT_READ = "is not read: rule files end in .yaml"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "remediator.yml").write_text("rules: [rules/*.yaml]\n")
    return tmp_path


def written(home, *names):
    for name in names:
        (home / "rules" / name).write_text(RULES.replace("NAME", name.partition(".")[0]))


def run(*words):
    return CliRunner().invoke(application, list(words))


@pytest.mark.parametrize("words", [["rules"], ["."], ["--config.file", "remediator.yml"]])
def test_check_warns_of_each(home, words):
    written(home, "a.yaml", "b.yml", "c.yml")
    done = run("check", *words)
    assert done.exit_code == 3
    assert [line for line in done.output.splitlines() if "not read" in line] == [
        f"rules/{name}.yml: warning: {NOT_READ}" for name in "bc"
    ]


def test_of_many_five_are_named(home):
    written(home, "a.yaml", *(f"b{number}.yml" for number in range(8)))
    said = run("check", "rules").output
    assert said.count(NOT_READ) == 5
    assert "warning: and 3 more that end in .yml are not read" in said


def test_what_is_no_rule_file_or_is_read_is_not_told(home):
    written(home, "a.yaml", "b.yml", "c_test.yml")
    (home / "rules/more.yaml").write_text("include: [b.yml]\n")
    (home / "rules/role.yml").write_text('kind: Role\nrules: [{apiGroups: [""], verbs: [get]}]\n')
    (home / "rules/prometheus.yml").write_text("groups: [{name: g, rules: [{alert: A, expr: up}]}]\n")
    (home / "rules/broken.yml").write_text("a: [\n")
    for words in (["rules"], ["."], ["--config.file", "remediator.yml"]):
        assert "not read" not in run("check", *words).output


def test_a_pattern_of_other_files_is_taken_as_it_is(home):
    written(home, "a.yaml", "b.yml")
    (home / "remediator.yml").write_text("rules: [rules/a.yaml]\n")
    assert "not read" not in run("check", "--config.file", "remediator.yml").output
    (home / "remediator.yml").write_text("rules: [rules/a.yaml, rules/*.yml]\n")
    assert run("check", "--config.file", "remediator.yml").exit_code == 0


def test_where_nothing_matches_it_is_the_hint(home):
    written(home, "a.yml")
    done = run("check", "rules")
    assert done.exit_code == 1
    assert "    rule files end in .yaml; there are a.yml\n" in done.output
    assert "    rule files end in .yaml; there are a.yml\n" in run("check", "--config.file", "remediator.yml").output


@pytest.mark.parametrize(
    "words",
    [
        ["rbac", "rules"], ["backtest", "rules", "--file", "none.json"], ["explain", "alertname=a", "--rules", "rules"],
        ["promote", "a", "--rules", "rules", "--store", "none.db"],
    ],
)  # fmt: skip
def test_the_other_commands_say_it_beside_their_output(home, words):
    written(home, "a.yaml", "b.yml")
    done = run(*words)
    assert f"rules/b.yml: warning: {NOT_READ}" in done.stderr
    assert NOT_READ not in done.stdout
