"""What is often mistyped is told in the words of who typed it, and with what is right."""

import socket

import pytest
from fakes.forking import run

from remediator.core.matchers import parse_matchers
from remediator.core.templates.condition import compile_condition
from remediator.errors import MatcherError, TemplateError


@pytest.mark.parametrize("text", ['severity ~ "warning"', 'severity ~"warning"'])
def test_a_regular_expression_without_its_equals_sign(text):
    with pytest.raises(MatcherError, match=r"~ is no operator .*did you mean =~\?") as caught:
        parse_matchers(text)
    assert caught.value.offset == 9


@pytest.mark.parametrize("text", ["a and", "a and (b", "a ==  ", "a and\n"])
def test_a_condition_that_ends_too_early(text):
    with pytest.raises(TemplateError, match="ends too early: something is missing at its end") as caught:
        compile_condition(text)
    assert caught.value.offset == len(text.rstrip())


def test_a_condition_that_ends_too_early_is_shown_there(tmp_path):
    (tmp_path / "a.yaml").write_text("""\
rules: [{name: a, match: alertname = "A", guide: g}]
guides:
  g:
    summary: s
    target: http/shop
    remedies:
      - when: labels.a and
        name: n
        steps: [{http.request: {url: "http://127.0.0.1:9/", method: POST}}]
""")
    assert "a.yaml:7:27: error: the expression ends too early" in run("check", "a.yaml", cwd=tmp_path).stderr


def test_a_port_that_another_program_has(tmp_path):
    (tmp_path / "remediator.yml").write_text("rules: [a.yaml]\nstore: {path: store.db}\n")
    (tmp_path / "a.yaml").write_text('rules: [{name: a, match: alertname = "A", guide: g}]\nguides: {g: {summary: s, target: http/x}}\n')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run("serve", "--web.listen-address", address, cwd=tmp_path)
    assert done.returncode == 1
    assert f"cannot listen on {address}: Address already in use" in done.stderr
    assert "--web.listen-address host:port chooses another one" in done.stderr


@pytest.mark.parametrize("verb", [["show"], ["cancel", "--reason", "r"]])
def test_a_run_without_a_name(tmp_path, verb):
    done = run("runs", *verb, "", "--url", "http://127.0.0.1:9", cwd=tmp_path)
    said = "a run is named by its id, or by its beginning or end; remediator runs list shows them"
    assert (done.returncode, done.stderr) == (1, f"remediator: {said}\n")
