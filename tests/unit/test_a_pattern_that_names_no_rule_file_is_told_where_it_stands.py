"""In the configuration, in a unit test of rules, in a reload of one: file, line and the pattern itself."""

import pytest
from typer.testing import CliRunner

from remediator.cli import application
from remediator.errors import ConfigurationError
from remediator.interfaces.configuration import read_configuration
from remediator.interfaces.rule_files import load_rules
from remediator.rehearsal.read import read_tests

RULES = """\
rules: [{name: a, match: alertname = "A", guide: g}]
guides: {g: {summary: s, target: http/shop}}
"""
TEST = """\
rule_files: [rules.yaml]
tests:
  - name: one
    alerts: [{labels: {alertname: A}}]
    expect: {}
"""


def problem_of(read, *given, **more):
    with pytest.raises(ConfigurationError) as refused:
        read(*given, **more)
    (problem,) = refused.value.problems
    return problem


def loaded(folder, text):
    (folder / "rules.yaml").write_text(RULES)
    (folder / "remediator.yml").write_text(text)
    read = read_configuration(folder / "remediator.yml")
    return problem_of(load_rules, read.settings.rules, read.root, asked_by=read.rules)


def test_in_the_configuration(tmp_path):
    found = loaded(tmp_path, "rules:\n  - rules.yaml\n  - ruels/*.yaml\n")
    assert (found.file, found.line, found.column) == (str(tmp_path / "remediator.yml"), 3, 5)
    assert found.message == f'no rule file matches "ruels/*.yaml" (looked in {tmp_path})'
    assert found.source == "  - ruels/*.yaml"


def test_one_that_nobody_has_written(tmp_path):
    found = loaded(tmp_path, "max_mode: observe\n")
    assert found.file == str(tmp_path / "remediator.yml")
    assert found.message.endswith(f"(looked in {tmp_path}); this is the default of rules")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (TEST.replace("rules.yaml", "rules.yaml, ruels.yaml"), 1, 26),
        (TEST + "    reloads:\n      - {at: 1m, rule_files: [ruels.yaml]}\n", 7, 31),
    ],
)
def test_in_a_unit_test(tmp_path, text, line, column):
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "a_test.yaml").write_text(text)
    found = problem_of(read_tests, tmp_path / "a_test.yaml")
    assert (found.file, found.line, found.column) == (str(tmp_path / "a_test.yaml"), line, column)
    assert 'no rule file matches "ruels.yaml"' in found.message


@pytest.mark.parametrize("command", [["check"], ["policy", "explain"], ["explain", "alertname=A"], ["promote", "a"]])
def test_by_every_command_that_reads_it(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "remediator.yml").write_text("rules: [ruels.yaml]\n")
    done = CliRunner().invoke(application, [*command, "--config.file", "remediator.yml"])
    assert 'remediator.yml:1:9: error: no rule file matches "ruels.yaml"' in done.output + str(done.exception)


def test_an_annotation_has_its_path_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "site").mkdir()
    (tmp_path / "site/remediator.yml").write_text("rules: [ruels.yaml]\n")
    done = CliRunner().invoke(application, ["check", "--config.file", "site/remediator.yml", "--output", "github"])
    assert done.output.startswith("::error file=site/remediator.yml,line=1,col=9,title=remediator::")


def test_one_on_the_command_line_has_none(tmp_path):
    assert problem_of(load_rules, ["ruels.yaml"], tmp_path).file == ""
