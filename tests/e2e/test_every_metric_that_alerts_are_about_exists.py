import re
from pathlib import Path

import yaml
from e2e.daemon import Site, start_daemon

FILE = Path(__file__).parents[2] / "config/prometheus/remediator-alerts.yaml"
RULES = {
    "rules": [{"name": "look", "match": "alertname = X", "guide": "look"}],
    "guides": {
        "look": {"summary": "look", "target": "http/shop", "diagnose": [{"http.probe": {"url": "http://127.0.0.1:1/"}}]},
    },
}


def asked_for():
    """Return the names of our metrics that the alerting rules read."""
    (group,) = yaml.safe_load(FILE.read_text())["groups"]
    return {name for rule in group["rules"] for name in re.findall(r"\bremediator_\w+", rule["expr"])}


async def test_the_daemon_exports_them(tmp_path):
    async with start_daemon(Site.make(tmp_path, RULES)) as daemon:
        text = await daemon.api("/metrics")
    exported = set(re.findall(r"^# HELP (\w+) ", text, re.MULTILINE))
    assert asked_for() - exported == set()
