"""What a shipped pack asks Prometheus under ``verify`` has no answer when nothing is scraped: absent is not zero."""

import re
import subprocess
from pathlib import Path

import yaml
from fakes.prometheus_servers import _need

RULES = Path(__file__).parents[2] / "rules"
COUNTS_ITS_OWN = {"common-alert-storm"}  # ALERTS_FOR_STATE is of Prometheus' own making; none means that nothing fires


def queries():
    for file in sorted([*RULES.glob("*.yaml"), *RULES.glob("common/*.yaml")]):
        for name, guide in (yaml.safe_load(file.read_text()).get("guides") or {}).items():
            verify = guide.get("verify") or {}
            for step in (*verify.get("all", ()), *verify.get("any", ())):
                query = step.get("prometheus.query", {}).get("query", "")
                if query and name not in COUNTS_ITS_OWN and not re.fullmatch(r"\{\{[^}]*\}\}", query):
                    yield query


def filled(query):
    """Put something into each template: a duration in brackets, elsewhere a number."""
    return re.sub(r"\{\{[^}]*\}\}", "1", re.sub(r"\[\s*\{\{[^}]*\}\}", "[5m", query))


def test_they_give_nothing(tmp_path):
    _need("promtool")
    asked = [{"expr": filled(query), "eval_time": "10m", "exp_samples": []} for query in queries()]
    assert len(asked) > 20
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [], "tests": [{"interval": "1m", "input_series": [], "promql_expr_test": asked}]}))
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
