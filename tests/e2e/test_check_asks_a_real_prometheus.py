"""``remediator check --prometheus`` against a real one: alerts, labels and queries that are not there."""

import asyncio
import json
import urllib.parse
import urllib.request

from fakes.prometheus_servers import start_prometheus
from typer.testing import CliRunner

from remediator.cli import application

ALERTS = {"groups": [{"name": "g", "rules": [
    {"alert": "ShopSlow", "expr": "label_replace(vector(1), 'service', 'cart', '', '')", "labels": {"severity": "warning"}},
    {"alert": "NeverYet", "expr": "vector(1) > 2"},
]}]}  # fmt: skip

RULES = """\
defaults: {runbook_url: https://runbooks.example.com/x}
rules:
  - name: right
    match: ['alertname = "ShopSlow"', 'severity =~ "warning|critical"', 'service = "cart"', 'team != "x"']
    guide: right
    with: {service: "{{ labels.service }}"}
  - name: misspelt
    match: alertname = "ShopSlowly"
    guide: right
    with: {service: cart}
  - name: unlabelled
    match:
      - alertname = "ShopSlow"
      - team = "shop"
    guide: right
    with: {service: "{{ labels.deployment }}"}
  - name: never-seen
    match: ['alertname = "NeverYet"', 'team = "shop"']
    guide: wrong
guides:
  right:
    summary: Something is slow
    parameters: {service: {type: string}}
    target: http/{{ params.service }}
    diagnose:
      - prometheus.query: {query: 'vector(1) > 0'}
      - prometheus.query: {query: 'up{service="{{ params.service }}"} > {{ labels.limit }}'}
  wrong:
    summary: Something else is slow
    target: http/shop
    diagnose:
      - prometheus.query: {query: 'rate(up)'}
      - prometheus.query: {query: 'up{job="gone"}'}
      - prometheus.query: {query: 'nosuch(up{job="{{ labels.job }}"})'}
"""


def check(*words):
    return CliRunner().invoke(application, ["check", *words])


async def seen(url):
    """Wait until the firing alert has left a series."""
    selector = urllib.parse.urlencode({"match[]": 'ALERTS{alertname="ShopSlow"}'})
    for _ in range(200):
        with urllib.request.urlopen(f"{url}/api/v1/series?{selector}") as answer:
            if json.load(answer)["data"]:
                return
        await asyncio.sleep(0.1)
    raise AssertionError("no alert fires")


async def test_what_is_not_there_is_told(tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    async with start_prometheus(tmp_path, rules=ALERTS) as server:
        await seen(server.url)
        came = check("--prometheus", server.url, "--output", "json", "--lint",
                     "unknown-alert,unknown-label,promql-error,promql-empty", str(rules))  # fmt: skip
    assert came.exit_code == 3, came.output
    said = [(one["line"], one["name"], one["message"]) for one in json.loads(came.output)]
    assert [(line, name) for line, name, _ in said] == [
        (5, "unknown-label"),  # labels.limit
        (8, "unknown-alert"),
        (14, "unknown-label"),
        (15, "unknown-label"),  # labels.deployment, labels.limit
        (15, "unknown-label"),
        (32, "promql-error"),
        (33, "promql-empty"),
        (34, "promql-error"),
    ]
    assert "ShopSlowly" in said[1][2]
    assert '"team"' in said[2][2]


async def test_an_address_without_a_prometheus_is_an_error(tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES)
    came = check("--prometheus", "http://127.0.0.1:1", str(tmp_path / "rules.yaml"))
    assert came.exit_code == 1
    assert "--prometheus http://127.0.0.1:1: cannot be asked" in came.output
    assert check("--prometheus", "file:///etc/passwd", str(tmp_path / "rules.yaml")).exit_code == 1
