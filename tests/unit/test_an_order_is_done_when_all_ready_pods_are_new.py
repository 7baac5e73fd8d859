"""How the packs see that an ordered rollback was done: the oldest ready pod of the Deployment is younger than the alert."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from fakes.prometheus_servers import _need

RULES = Path(__file__).parents[2] / "rules"
ORDERS = [("z2-platform", "z2-rollback"), ("z2-platform", "z2-full-recovery"), ("service-platform", "sp-emergency-rollback")]


def query(pack, guide):
    verify = yaml.safe_load((RULES / f"{pack}.yaml").read_text())["guides"][guide]["verify"]
    (found,) = (step["prometheus.query"]["query"] for step in verify["all"] if step.get("id") == "all_new")
    return re.sub(r"\{\{ params\.namespace \}\}", "shop", re.sub(r"\{\{ params\.(?:deployment|service) \}\}", "api", found))


def pod(name, started, ready, maker):
    where = f'namespace="shop", pod="{name}"'
    return [
        {"series": f"kube_pod_start_time{{{where}}}", "values": str(started)},
        {"series": f'kube_pod_info{{{where}, created_by_kind="ReplicaSet", created_by_name="{maker}"}}', "values": "1"},
        {"series": f'kube_pod_status_ready{{{where}, condition="true"}}', "values": str(ready)},
    ]


@pytest.mark.parametrize(("pack", "guide"), ORDERS)
def test_others_and_what_is_not_ready_do_not_count(pack, guide, tmp_path):
    _need("promtool")
    series = [
        *pod("api-6d5-a", 900, 1, "api-6d5"), *pod("api-6d5-b", 800, 1, "api-6d5"), *pod("api-7f7-evicted", 100, 0, "api-7f7"),
        *pod("api-worker-5c4-a", 50, 1, "api-worker-5c4"),
    ]  # fmt: skip
    asked = [{"expr": query(pack, guide), "eval_time": "0m", "exp_samples": [{"labels": "{}", "value": 800}]}]
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [], "tests": [{"interval": "1m", "input_series": series, "promql_expr_test": asked}]}))
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
