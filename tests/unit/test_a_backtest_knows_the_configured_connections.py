"""With --config.file a rule may name what is configured only, and an alert may choose from it only: as in the daemon."""

import json

import pytest
from typer.testing import CliRunner

from remediator.cli import application
from remediator.errors import ConfigurationError

PACK = """
rules:
  - {name: hung, match: alertname = "Hung", guide: hung, mode: auto}
guides:
  hung:
    summary: It hangs
    target: kubernetes/{{ labels.cluster }}/shop/deployment/web
    remedies:
      - name: restart
        steps:
          - kubernetes.rollout_restart: {kind: deployment, name: web, namespace: shop, connection: "CONNECTION"}
"""
CONFIGURATION = """
rules: [rules.yaml]
max_mode: auto
allow: {targets: ["**"]}
connections: {kubernetes: {eu: {}}}
"""


def backtest(folder, connection, cluster, *more):
    labels = {"alertname": "Hung", "cluster": cluster}
    alert = {"status": "firing", "labels": labels, "startsAt": "2026-01-05T10:00:00Z"}
    (folder / "rules.yaml").write_text(PACK.replace("CONNECTION", connection))
    (folder / "remediator.yml").write_text(CONFIGURATION)
    (folder / "history.jsonl").write_text(json.dumps({"alerts": [alert]}) + "\n")
    words = [str(folder / "rules.yaml"), "--file", str(folder / "history.jsonl"), "--json", *more]
    return CliRunner().invoke(application, ["backtest", *words])


@pytest.mark.parametrize(("cluster", "runs", "refused"), [("eu", 1, {}), ("us", 0, {"connection": 1})])
def test_an_alert_chooses_among_them(tmp_path, cluster, runs, refused):
    came = backtest(tmp_path, "{{ labels.cluster }}", cluster, "--config.file", str(tmp_path / "remediator.yml"))
    assert came.exit_code == 0, came.output
    (rule,) = json.loads(came.output)["rules"]
    assert (rule["would_run"], rule["refused"]) == (runs, refused)


def test_another_one_is_told_where_it_stands(tmp_path):
    came = backtest(tmp_path, "us", "eu", "--config.file", str(tmp_path / "remediator.yml"))
    assert isinstance(came.exception, ConfigurationError)
    assert 'no kubernetes connection "us"' in str(came.exception)


def test_without_a_configuration_any_will_do(tmp_path):
    came = backtest(tmp_path, "us", "eu")
    assert came.exit_code == 0, came.output
