"""Whatever answers where ``check`` and ``backtest`` ask a Prometheus: an error in a line, exit code 1."""

import pytest
from fakes.fixed_answer import answering, chunked, said
from fakes.forking import run

RULES = """\
defaults: {runbook_url: https://runbooks.example.com/x}
rules: [{name: a, match: alertname = "A", guide: g}]
guides: {g: {summary: s, target: http/shop}}
"""


@pytest.mark.parametrize(
    "answer",
    [
        said(b"null"),
        said(b'{"status": "success", "data": 1}'),
        said(b'{"status": "success", "data": {"groups": [1], "result": [1]}}'),
        said(b'{"status": "success", "data": {"groups": 1, "result": [{"metric": 1}]}}'),
        said(b"[" * 100_000),
        said(b"\xff"),
        said(b"<html>", kind="text/html"),
        said(b"[]", length="9" * 30),
        chunked(b"f" * 30 + b"\r\n[]\r\n0\r\n\r\n"),
        said(b"{}", status="400 No"),
        said(b"[" * 60_000, status="422 No"),
        chunked(b"zz\r\n", status="400 No"),
    ],
)
@pytest.mark.parametrize("words", [["check", "a.yaml"], ["backtest", "a.yaml", "--since", "1h"]], ids=lambda words: words[0])
def test_it_is_said(tmp_path, answer, words):
    (tmp_path / "a.yaml").write_text(RULES)
    with answering(answer) as url:
        done = run(*words, "--prometheus", url, cwd=tmp_path, env={"NO_PROXY": "*"})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done
    assert done.stderr.startswith("error: --prometheus"), done.stderr
