"""``check --prometheus`` and ``backtest`` present what a connection, or a file, holds, to that host only."""

import asyncio

import pytest
from aiohttp import web
from fakes.small_server import serve
from typer.testing import CliRunner

from remediator.cli import application

RULES = """
defaults: {runbook_url: https://runbooks.example.com/x}
rules:
  - {name: a, match: alertname = "Slow", guide: g}
guides:
  g: {summary: It is slow, target: http/shop}
"""
CONFIG = """
connections:
  prometheus:
    guarded: {url: URL, basic_auth: {username: ann, password_file: FOLDER/password}, headers: {X-Scope-OrgID: shop}}
"""
BEARER, BASIC = "Bearer s3cr3t-token", "Basic YW5uOnMzY3IzdC1wYXNz"


async def prometheus(request: web.Request) -> web.Response:
    if request.headers.get("authorization") not in (BEARER, BASIC):
        return web.Response(status=401)
    rules = {"groups": [{"rules": [{"name": "Slow", "labels": {}, "alerts": []}]}]}
    data = {"/api/v1/rules": rules, "/api/v1/status/config": {"yaml": ""}}.get(request.path, {"result": []})
    return web.json_response({"status": "success", "data": data})


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "token").write_text("s3cr3t-token\n")
    (tmp_path / "password").write_text("s3cr3t-pass\n")
    return tmp_path


async def run(folder, url, *words):
    (folder / "remediator.yml").write_text(CONFIG.replace("URL", url).replace("FOLDER", str(folder)))
    given = [word.format(url=url, folder=folder) for word in words]
    result = await asyncio.to_thread(CliRunner().invoke, application, given)
    assert "s3cr3t" not in result.output
    return result


@pytest.mark.parametrize(
    "words",
    [
        ["check", "{folder}/rules.yaml", "--prometheus", "{url}", "--prometheus.bearer-token-file", "{folder}/token"],
        ["check", "{folder}/rules.yaml", "--config.file", "{folder}/remediator.yml", "--prometheus", "guarded"],
        [
            "check", "{folder}/rules.yaml", "--prometheus", "{url}", "--prometheus.basic-auth-user", "ann",
            "--prometheus.basic-auth-password-file", "{folder}/password",
        ],
        ["backtest", "{folder}/rules.yaml", "--config.file", "{folder}/remediator.yml", "--prometheus", "guarded", "--since", "1h"],
    ],
)  # fmt: skip
async def test_it_is_let_in(folder, words):
    async with serve(prometheus) as server:
        result = await run(folder, server.url, *words)
        assert result.exit_code == 0, result.output
        assert {request.headers["authorization"] for request in server.requests} in ({BEARER}, {BASIC})


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["--prometheus", "{url}"], "answers 401: it wants credentials", 1),
        (["--prometheus", "{url}", "--prometheus.bearer-token-file", "{folder}/none"], "cannot read the secret in", 1),
        (["--prometheus", "http://ann:s3cr3t-pass@127.0.0.1:9"], "a URL holds no credentials", 1),
        (["--prometheus", "guardet", "--config.file", "{folder}/remediator.yml"], 'did you mean "guarded"', 2),
        (["--prometheus", "guarded"], "--config.file", 2),
        (["--prometheus.bearer-token-file", "{folder}/token"], "need", 2),
    ],
)
async def test_what_is_wrong_is_said(folder, words, said, code):
    async with serve(prometheus) as server:
        result = await run(folder, server.url, "check", str(folder / "rules.yaml"), *words)
    assert (result.exit_code, said in " ".join(result.output.replace("│", " ").split())) == (code, True), result.output


async def test_a_redirect_takes_no_credential_elsewhere(folder):
    async with serve(prometheus) as other:
        async with serve(web.Response(status=302, headers={"location": other.url + "/api/v1/rules"})) as server:
            words = ["check", "{folder}/rules.yaml", "--prometheus", "{url}", "--prometheus.bearer-token-file", "{folder}/token"]
            result = await run(folder, server.url, *words)
        assert (result.exit_code, other.requests) == (1, [])
        assert "answers 302" in result.output
