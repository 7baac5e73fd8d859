"""The pack is free of findings, and the alerting rules raise each alert that it names."""

import re
import subprocess
from pathlib import Path

import yaml
from fakes.forking import run
from fakes.prometheus_servers import _need

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "config/prometheus"


def done(*words, cwd=ROOT):
    ended = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_nothing_is_found():
    ended = run("check", "--shared", "rules/sergas-agents.yaml", cwd=ROOT)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_prometheus_finds_nothing_wrong():
    _need("promtool")
    done("promtool", "check", "rules", "--lint=all", "--lint-fatal", "sergas-agents-alerts.yaml", cwd=SAMPLES)
    done("promtool", "test", "rules", "sergas-agents-alerts_test.yaml", cwd=SAMPLES)


def test_the_alerts_are_those_that_the_rules_name():
    rules = yaml.safe_load((ROOT / "rules/sergas-agents.yaml").read_text())["rules"]
    named = {name for rule in rules for name in re.findall(r"SergasAgents\w+", str(rule["match"]))}
    groups = yaml.safe_load((SAMPLES / "sergas-agents-alerts.yaml").read_text())["groups"]
    raised = [alert for group in groups for alert in group["rules"]]
    assert {alert["alert"] for alert in raised} == named
    for alert in raised:
        assert alert["labels"]["platform"] == "sergas-agents"
        assert {"summary", "runbook_url"} <= set(alert["annotations"])
