"""What the operating system, or a search for files, would raise on is a problem with its place and what instead."""

import pytest
from typer.testing import CliRunner

from remediator.cli import application
from remediator.errors import ConfigurationError
from remediator.interfaces.configuration import read_settings, read_web_file
from remediator.interfaces.rule_files import load_rules

GUIDE = "guides: {g: {summary: It is slow, target: http/shop}}\n"
NO_NUL = "a file's name has no NUL character"


def problem_of(read, *given):
    with pytest.raises(ConfigurationError) as refused:
        read(*given)
    (problem,) = refused.value.problems
    return problem


def written(folder, text):
    file = folder / "remediator.yml"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("pattern", "message", "hint"),
    [
        ('""', "names no rule file", "rules/**/*.yaml"),
        ('"/"', "names no rule file", "rules/**/*.yaml"),
        ('"."', "names no rule file", "rules/**/*.yaml"),
        ('"/."', "names no rule file", "rules/**/*.yaml"),
        ('"rules/"', "names no rule file", "rules/**/*.yaml"),
        ('"a**x"', '"**" stands for folders, between slashes', 'write "a*x"'),
        ('"rules/***.yaml"', '"**" stands for folders, between slashes', 'write "rules/*.yaml"'),
        (r'"a\0b"', NO_NUL, "leave it out"),
    ],
)
def test_a_pattern_of_rule_files(tmp_path, pattern, message, hint):
    found = problem_of(read_settings, written(tmp_path, f"rules: [more.yaml, {pattern}]\n"))
    assert message in found.message
    assert hint in found.hint
    assert (found.file, found.line) == (str(tmp_path / "remediator.yml"), 1)
    assert found.column >= 20
    assert found.source


@pytest.mark.parametrize(
    "text",
    [
        r'store: {path: "a\0b"}', r'pause: {file: "a\0b"}', r'web: {webhook: {bearer_token_file: "a\0b"}}',
        r'slack: {webhook_url_file: "a\0b"}', r'slack: {token_file: "a\0b", channel: C1}',
        r'connections: {kubernetes: {k: {kubeconfig: "a\0b"}}}',
    ],
)  # fmt: skip
def test_a_file_of_the_configuration(tmp_path, text):
    found = problem_of(read_settings, written(tmp_path, text))
    assert (found.message, found.line, found.column) == (NO_NUL, 1, text.index(r"\0") + 1)
    assert found.hint == "leave it out"


def test_a_file_of_the_web_file(tmp_path):
    text = r'tls_server_config: {cert_file: "a\0b", key_file: k}'
    assert problem_of(read_web_file, written(tmp_path, text)).message == NO_NUL


def test_a_file_that_a_rule_file_includes(tmp_path):
    (tmp_path / "a.yaml").write_text(GUIDE + r'include: ["a\0b"]')
    found = problem_of(load_rules, ["a.yaml"], tmp_path)
    assert (found.message, found.file, found.line, found.column) == (NO_NUL, "a.yaml", 2, 13)


@pytest.mark.parametrize("pattern", ["", "/", ".", "a**x", "a\0b"])
def test_a_pattern_on_the_command_line(tmp_path, pattern):
    found = problem_of(load_rules, [pattern], tmp_path)
    assert f'"{pattern}"' in found.message
    assert found.hint


def test_check_says_it_without_a_traceback(tmp_path):
    file = written(tmp_path, 'rules: ["a**x"]\n')
    done = CliRunner().invoke(application, ["check", "--config.file", str(file)])
    assert done.exit_code == 1
    assert "remediator.yml:1:9: error:" in done.output
    assert '    rules: ["a**x"]\n            ^' in done.output


@pytest.mark.parametrize("pattern", ["rules/**/*.yaml", "**/a.yaml", "../a.yaml", "rules/[ab]?.yaml", "/etc/a.yaml", "a b.yaml"])
def test_any_other_is_taken(tmp_path, pattern):
    assert read_settings(written(tmp_path, f'rules: ["{pattern}"]'))[0].rules == (pattern,)
