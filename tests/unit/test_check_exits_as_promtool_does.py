"""0 nothing found, 1 an error, 2 wrong usage, 3 lint only; as text, JSON and annotations."""

import json

import pytest
from typer.testing import CliRunner

from remediator.cli import application

SOUND = """\
rules:
  - {name: a, match: alertname = "A", guide: g, runbook_url: https://runbooks.example.com/a}
guides:
  g: {summary: s, target: http/shop}
"""
LINT = SOUND.replace(", runbook_url: https://runbooks.example.com/a", "")
WRONG = SOUND.replace("guide: g,", "guide: f,")


@pytest.fixture
def check(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(text, *words):
        (tmp_path / "a.yaml").write_text(text)
        return CliRunner().invoke(application, ["check", "a.yaml", *words])

    return run


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        (SOUND, [], 0),
        (LINT, [], 3),
        (LINT, ["--no-lint-fatal"], 0),
        (LINT, ["--lint", "none"], 0),
        (LINT, ["--lint", "shadowed-rule,unused-guide"], 0),
        (LINT, ["--lint", "missing-runbook-url"], 3),
        (LINT, ["--lint", "missing-runbook"], 2),
        (LINT, ["--output", "xml"], 2),
        (SOUND, ["--shared"], 3),
        (WRONG, [], 1),
        (WRONG, ["--no-lint-fatal", "--lint", "none", "--output", "json"], 1),
    ],
)
def test_exit_code(check, text, words, code):
    assert check(text, *words).exit_code == code


def test_text_has_the_line_a_caret_and_the_name(check):
    assert check(LINT).stdout == (
        'a.yaml:2:12: warning: the rule "a" has no runbook_url: who is called does not learn where to read on (missing-runbook-url)\n'
        '      - {name: a, match: alertname = "A", guide: g}\n'
        "               ^\n"
        "    set runbook_url, for one rule or under the file's defaults\n"
        "1 files: 1 rules, 1 guides in use, 1 warnings\n"
    )


@pytest.mark.parametrize(("text", "severity", "name"), [(LINT, "warning", "missing-runbook-url"), (WRONG, "error", "")])
def test_json_is_one_list(check, text, severity, name):
    (one,) = json.loads(check(text, "--output", "json").stdout)
    assert (one["file"], one["line"], one["severity"], one["name"]) == ("a.yaml", 2, severity, name)
    assert {"column", "message", "hint", "source"} < set(one)
    assert json.loads(check(SOUND, "--output", "json").stdout) == []


def test_annotations_are_one_line_each(check):
    assert check(WRONG, "--output", "github").stdout == (
        '::error file=a.yaml,line=2,col=46,title=remediator::there is no guide "f"%0Aknown here: g\n'
    )
    assert check(SOUND, "--output", "github").stdout == ""


def test_with_the_configuration_rules_are_compared_with_what_it_allows(check, tmp_path):
    acts = SOUND.replace("guide: g,", "guide: g, mode: ask,").replace(
        "http/shop}", "http/shop, remedies: [{name: r, steps: [{http.request: {connection: shop, path: /x}}]}]}"
    )
    (tmp_path / "remediator.yml").write_text(
        "max_mode: auto\nallow: {targets: [http/cart]}\nrules: [a.yaml]\n"
        "connections: {http: {shop: {base_url: http://127.0.0.1}}}\n"
    )
    assert check(acts).exit_code == 0
    assert "(outside-envelope)" in check(acts, "--config.file", "remediator.yml").output


def test_with_the_web_file_it_is_seen_who_can_approve(check, tmp_path):
    acts = SOUND.replace("guide: g,", "guide: g, mode: ask,").replace(
        "http/shop}", "http/shop, remedies: [{name: r, steps: [{http.request: {connection: shop, path: /x}}]}]}"
    )
    (tmp_path / "remediator.yml").write_text(
        "max_mode: auto\nallow: {targets: [http/shop]}\npolicy: {approvals: [{actions: [http.*], by: [ann]}]}\n"
        "connections: {http: {shop: {base_url: http://127.0.0.1}}}\n"
    )
    (tmp_path / "web.yml").write_text("basic_auth_users: {}\n")
    assert check(acts, "--config.file", "remediator.yml").exit_code == 0
    output = check(acts, "--config.file", "remediator.yml", "--web.config.file", "web.yml").output
    assert "nobody has to log in" in output
    assert "(impossible-approval)" in output
