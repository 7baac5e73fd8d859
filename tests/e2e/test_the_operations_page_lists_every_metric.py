import re
from pathlib import Path

from e2e.daemon import Site, start_daemon

PAGE = Path(__file__).parents[2] / "docs/operations.md"
RULES = {
    "rules": [{"name": "look", "match": "alertname = X", "guide": "look"}],
    "guides": {
        "look": {"summary": "look", "target": "http/shop", "diagnose": [{"http.probe": {"url": "http://127.0.0.1:1/"}}]},
    },
}


async def test_these_and_no_others(tmp_path):
    async with start_daemon(Site.make(tmp_path, RULES)) as daemon:
        text = await daemon.api("/metrics")
    exported = {name for name in re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE) if not name.endswith("_created")}
    _, _, after = PAGE.read_text().partition("## Metrics")
    told = set(re.findall(r"`(remediator_\w+)`", after.partition("\n[")[0]))
    assert told == exported
