import subprocess
from pathlib import Path

import pytest
import yaml
from fakes.prometheus_servers import _need

FILE = Path(__file__).parents[2] / "config/alertmanager.yml"


def amtool(*arguments):
    _need("amtool")
    done = subprocess.run(["amtool", *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def test_alertmanager_accepts_it():
    assert "SUCCESS" in amtool("check-config", str(FILE))


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        (["alertname=HighLatency", "severity=critical"], "remediator,people"),
        (["alertname=HighLatency", "severity=warning"], "remediator,people"),
        (["alertname=HighLatency", "severity=info"], "people"),
        (["alertname=RemediatorRunNeedsAttention", "severity=critical"], "people"),
        (["alertname=RemediatorDown", "severity=critical"], "people"),
        (["alertname=RemediatorWatchdog", "severity=none"], "heartbeat"),
    ],
)
def test_alerts_go_where_they_should(labels, receivers):
    assert amtool("config", "routes", "test", f"--config.file={FILE}", *labels) == receivers


def test_remediator_gets_every_alert_and_its_end():
    document = yaml.safe_load(FILE.read_text())
    (webhook,) = next(each for each in document["receivers"] if each["name"] == "remediator")["webhook_configs"]
    assert webhook["url"].endswith("/api/v1/alertmanager")
    assert webhook["send_resolved"] is True
    assert webhook["max_alerts"] == 0
    assert webhook["http_config"]["authorization"]["credentials_file"]
