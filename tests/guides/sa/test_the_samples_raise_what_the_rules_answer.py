"""The pack is free of findings, and the alerting rules fire when they should."""

import subprocess
from pathlib import Path

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


def test_they_fire_when_they_should_and_only_then():
    _need("promtool")
    done("promtool", "test", "rules", "sergas-agents-alerts_test.yaml", cwd=SAMPLES)
