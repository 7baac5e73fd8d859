"""Whatever answers where a daemon should: one line that says so, exit code 1, and nothing is taken as done."""

import json

import pytest
from fakes.fixed_answer import answering, chunked, said
from fakes.forking import run

RUN = ["runs", "pause", "1234", "--reason", "r"]
COMMANDS = [
    ["runs", "list"],
    ["runs", "list", "--json"],
    ["runs", "show", "1234"],
    ["runs", "show", "1234", "--json"],
    RUN,
    ["breakers", "list"],
    ["breakers", "reset", "rule/a"],
    ["rules", "stats"],
    ["promote", "a", "--rules", "rules.yaml"],
    ["explain", "alertname=A"],
    ["explain", "alertname=A", "--json"],
    ["pause", "--reason", "r"],
    ["maintenance", "global", "--reason", "r", "--for", "1h"],
    ["resume"],
    ["pauses"],
    ["send", "alertname=A"],
    ["audit"],
]
RULES = """\
rules: [{name: a, match: alertname = "A", guide: g}]
guides: {g: {summary: s, target: http/shop}}
"""
ROW = {
    "id": "1", "rule": "a", "target": "t", "status": "failed", "reason": "", "held_by": "", "held_until": None,
    "created_at": 1, "finished_at": 2,
}  # fmt: skip


@pytest.fixture
def ask(tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES)

    def asked(answer, *words):
        with answering(answer) as url:
            return run(*words, "--url", url, cwd=tmp_path, env={"NO_PROXY": "*"}, timeout=20)

    return asked


def refused(done, words="did not answer as remediator does: "):
    assert (done.returncode, done.stdout) == (1, ""), done
    assert words in done.stderr, done.stderr
    assert done.stderr.startswith("remediator: http://127.0.0.1:")
    assert done.stderr.count("\n") == 1, done.stderr
    return True


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("body", [b'{"a":1}', b"[1,2]", b"null"])
def test_an_answer_of_another_shape(ask, words, body):
    assert refused(ask(said(body), *words))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_page_for_people(ask, words):
    assert refused(ask(said(b"<html>\n<p>It works!\n", kind="text/html"), *words))


@pytest.mark.parametrize("words", [RUN, ["runs", "list"], ["runs", "show", "1234"], ["audit"]], ids=" ".join)
@pytest.mark.parametrize(
    "answer",
    [
        said(b"[" * 100_000, kind="application/x-ndjson"),
        said(b"\xff\xfe"),
        said(b"[]", length="20"),
        said(b"# a", kind="text/markdown", length="20"),
        said(b'{"id": 1}\n{"id"', kind="application/x-ndjson", length="200"),
        said(b"[]", length="9" * 30),
        chunked(b"zz\r\n[]\r\n0\r\n\r\n"),
        chunked(b"f" * 30 + b"\r\n[]\r\n0\r\n\r\n"),
        chunked(b"-2\r\n[]\r\n0\r\n\r\n"),
        chunked(b"2\r\n["),
        b"HTTP/1.1 200 OK\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"",
    ],
)
def test_a_broken_answer(ask, words, answer):
    done = ask(answer, *words)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done
    assert done.stderr.startswith("remediator: ")
    assert "defect" not in done.stderr
    assert done.stdout in ("", '{"id": 1}\n')


@pytest.mark.parametrize(
    "answer",
    [
        said(b'{"problems":[1]}', status="500 Oh"),
        said(b'{"title":{}}', status="500 Oh"),
        said(b"[1]", status="404 Gone"),
        said(b"[" * 60_000, status="500 Oh"),
        said(b"\x1b[2J\nx", status="500 Oh", kind="text/plain"),
        chunked(b"zz\r\n[]", status="500 Oh"),
        chunked(b"9\r\n[", status="500 Oh"),
        said(b"", status="302 Found"),
    ],
)
@pytest.mark.parametrize("words", [RUN, ["audit"]], ids=" ".join)
def test_a_refusal_that_is_not_ours(ask, words, answer):
    done = ask(answer, *words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done
    assert "HTTP " in done.stderr
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    "row",
    [{"created_at": 10**30}, {"created_at": -(10**17)}, {"created_at": "1"}, {"reason": None}, {"held_until": 0.5}],
)
def test_a_row_with_another_kind_of_value(ask, row):
    assert "$[0]" in ask(said(json.dumps([ROW | row]).encode()), "runs", "list").stderr


def test_a_body_larger_than_any_of_ours(ask):
    assert refused(ask(said(b"[" + b" " * (65 << 20) + b"]"), "runs", "list"), "more than 64 MiB")


def test_an_audit_trail_with_something_else_in_it(ask):
    done = ask(said(b'{"id": 1}\nnull\n', kind="application/x-ndjson"), "audit")
    assert (done.returncode, done.stdout) == (1, '{"id": 1}\n')
    assert "did not answer as remediator does" in done.stderr


def test_what_a_newer_daemon_adds_is_shown(ask):
    done = ask(said(json.dumps([ROW | {"new": 1}]).encode()), "runs", "list", "--json")
    assert json.loads(done.stdout) == [ROW | {"new": 1}]
