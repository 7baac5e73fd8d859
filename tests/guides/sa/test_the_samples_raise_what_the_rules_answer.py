"""The pack is free of findings, its tests pass, and the alerting rules fire when they should."""

import subprocess
import sys
from pathlib import Path

from fakes.prometheus_servers import _need

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "config/prometheus"


def done(*words, cwd=ROOT):
    ended = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_nothing_is_found_and_its_tests_pass():
    done(sys.executable, "-m", "remediator", "check", "--shared", "rules/sergas-agents.yaml")
    done(sys.executable, "-m", "remediator", "test", "rules/sergas-agents_test.yaml")


def test_they_fire_when_they_should_and_only_then():
    _need("promtool")
    done("promtool", "test", "rules", "sergas-agents-alerts_test.yaml", cwd=SAMPLES)
