"""A backtest counts apart what hangs on a diagnosis or a person, and says what no history knows."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from remediator.app.site import envelope_of, site_of
from remediator.cli import application
from remediator.core.alert import Alert
from remediator.interfaces.rule_files import load_rules
from remediator.rehearsal.backtest import tell
from remediator.rehearsal.backtest.against import run
from remediator.rehearsal.documents import SettingsText

PACK = """
rules:
  - {name: slow, match: alertname = "Slow", guide: slow, mode: auto}
guides:
  slow:
    summary: It is slow
    target: host/web-1
    diagnose:
      - id: seen
        http.probe: {url: "https://example.com/state"}
    remedies:
      - name: first
        MODEWHENsteps: [{http.request: {url: "https://example.com/restart", method: PUT}}]
      - name: second
        steps: [{http.request: {url: "https://example.com/scale", method: PUT}}]
"""
ALERT = Alert("one", True, {"alertname": "Slow"}, {}, 10**15, None)


@pytest.mark.parametrize(
    ("when", "mode", "would_run", "would_ask", "depends"),
    [("", "", 1, 0, 0), ("not steps.seen.ok", "", 1, 0, 1), ("not steps.seen.ok", "ask", 0, 1, 1)],
)
def test_it_does(tmp_path: Path, when, mode, would_run, would_ask, depends):
    condition = f"when: {when}\n        " if when else ""
    pack = PACK.replace("WHEN", condition).replace("MODE", f"mode: {mode}\n        " if mode else "")
    (tmp_path / "pack.yaml").write_text(pack)
    settings = SettingsText().settings()
    site = site_of(settings, envelope_of(settings, {}, {}), ())
    made = run([(10**15, (ALERT,))], replace(site, table=load_rules(["pack.yaml"], tmp_path).table), takes=0)
    (rule,) = tell.document(made)["rules"]
    assert (rule["would_run"], sum(rule["would_ask"].values()), rule["depends_on_diagnosis"]) == (would_run, would_ask, depends)
    lines = list(tell.text(made, "as if"))
    assert any("depends on diagnosis" in line for line in lines) == bool(depends)
    assert lines[-1].startswith("not in a history, and left out: pauses and maintenance, who approves")


def test_a_rule_that_there_is_not_is_said(tmp_path):
    (tmp_path / "pack.yaml").write_text(PACK.replace("WHEN", "").replace("MODE", ""))
    (tmp_path / "history.jsonl").write_text("")
    words = [str(tmp_path / "pack.yaml"), "--file", str(tmp_path / "history.jsonl"), "--rule"]
    came = CliRunner().invoke(application, ["backtest", *words, "slwo"])
    assert (came.exit_code, 'did you mean "slow"' in came.output) == (2, True)
    assert CliRunner().invoke(application, ["backtest", *words, "none"]).exit_code == 0
