"""A label, a silence's author or a colleague's reason can neither forge a row of a list nor speak to the terminal."""

import asyncio
import json

import pytest
from aiohttp import web
from fakes.small_server import serve
from typer.testing import CliRunner

from remediator.cli import application

HOSTILE = "no\x1b]0;pwn\x07\nforged line \x9b2J\x85\u2028\u202eon\x7f"
RUN = {
    "id": "1a2", "created_at": 0, "finished_at": None, "status": "refused", "held_by": HOSTILE, "held_until": None,
    "rule": HOSTILE, "target": HOSTILE, "reason": HOSTILE,
}  # fmt: skip
STATS = dict.fromkeys(
    ("runs", "would_run", "recovered_first", "recovered_itself", "asked", "approved", "refused", "expired", "acted",
     "verified", "unknown", "escalated", "repeats"), 0
) | dict.fromkeys(("first_observed", "first_asked", "last"))  # fmt: skip
SAID = {"guard": HOSTILE, "verdict": HOSTILE, "reason": HOSTILE, "until": None, "advice": HOSTILE}
WOULD = dict.fromkeys(
    ("rule", "refused_by", "because", "guide", "summary", "target", "mode_because", "joins", "verify_text", "escalate"),
    HOSTILE,
) | {
    "mode": "auto", "acts": False, "verdict": SAID, "locks": [], "parameters": {}, "guards": [SAID],
    "diagnose": [], "verify": [], "remedies": [],
}  # fmt: skip
RULE = {"rule": HOSTILE, "file": HOSTILE, "matches": True, "takes": True, "near": False, "taken_by": "", "missed": []}
EXPLAINED = {
    "labels": {"host": HOSTILE}, "at": 0, "history": True, "matches": True, "rules": [RULE],
    "then": [{"rule": HOSTILE, "verdict": HOSTILE, "guard": HOSTILE, "at": 0, "reason": HOSTILE}], "would": [WOULD],
}  # fmt: skip
ANSWERS = {
    "/api/v1/runs": [RUN],
    "/api/v1/breakers": [
        {"key": HOSTILE, "state": "open", "failures": 1, "error_rate": 0.5, "total": 2, "retry_in_s": 0}
    ],
    "/api/v1/rules/stats": [{**STATS, "rule": HOSTILE, "mode": HOSTILE}],
    "/api/v1/explain": EXPLAINED,
}
SHOWN = (["runs", "list"], ["breakers", "list"], ["rules", "stats"], ["explain", "alertname=Down"])


async def daemon(request: web.Request) -> web.Response:
    if request.path == "/api/v1/audit":
        entry = {"id": 1, "who": HOSTILE, "reason": HOSTILE, HOSTILE: "Größe"}
        said = json.dumps(entry, ensure_ascii=False) + "\n"
        return web.Response(text=said, content_type="application/x-ndjson")
    if request.path == "/api/v1/runs/1a2":
        return web.Response(text=f"# Title\n\n{HOSTILE}\n", content_type="text/markdown")
    return web.json_response(ANSWERS[request.path])


async def printed(*command):
    async with serve(daemon) as server:
        done = await asyncio.to_thread(CliRunner().invoke, application, [*command, "--url", server.url])
        assert done.exception is None, done.output
        return done.output


@pytest.mark.parametrize("command", SHOWN, ids=" ".join)
async def test_a_list_has_its_own_lines_only(command):
    lines = (await printed(*command)).removesuffix("\n").split("\n")
    assert all(line.isprintable() for line in lines)
    assert any("pwn" in line for line in lines)
    assert not any(line.startswith("forged") for line in lines)


async def test_a_row_stays_one_row():
    assert (await printed("runs", "list")).count("\n") == 1


async def test_a_runs_report_has_no_controls():
    lines = (await printed("runs", "show", "1a2")).removesuffix("\n").split("\n")
    assert lines[0] == "# Title"
    assert all(line.isprintable() for line in lines)


async def test_the_audit_trail_is_json_of_plain_lines():
    said = await printed("audit")
    assert said.removesuffix("\n").isprintable()
    assert json.loads(said)["who"] == HOSTILE
    assert "Größe" in said
