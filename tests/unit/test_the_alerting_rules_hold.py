import subprocess
from pathlib import Path

from fakes.prometheus_servers import _need

FOLDER = Path(__file__).parents[2] / "config/prometheus"


def promtool(*arguments):
    _need("promtool")
    done = subprocess.run(["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_they_fire_when_they_should_and_only_then():
    promtool("test", "rules", "remediator-alerts_test.yaml")
