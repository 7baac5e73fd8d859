import asyncio
import json

import yaml
from fakes.kubernetes_access import Access
from typer.testing import CliRunner

from remediator.cli import application

RULES = """
rules:
  - {name: hung, match: alertname=Hung, guide: restart, mode: auto}
guides:
  restart:
    summary: it hangs
    target: kubernetes/default/{{ labels.namespace }}/deployment/web
    remedies:
      - name: restart
        steps:
          - kubernetes.rollout_restart: {kind: deployment, name: web, namespace: "{{ labels.namespace }}"}
"""


async def run(*arguments):
    """Run the command beside the pretended server, which needs this loop."""
    return await asyncio.to_thread(CliRunner().invoke, application, list(map(str, arguments)))


async def test_and_ends_with_1_when_a_right_is_missing(server, tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES)
    config = tmp_path / "remediator.yml"
    reach = {"kubeconfig": str(server.kubeconfig(tmp_path))}
    config.write_text(yaml.safe_dump({"rules": ["rules.yaml"], "connections": {"kubernetes": {"default": reach}}}))
    printed = await run("rbac", tmp_path / "rules.yaml", "--namespace", "shop")
    server.access = Access.of(printed.stdout)
    asked = ("check", "--config.file", config, "--cluster", "--namespace", "shop", "--lint", "none")
    assert (await run(*asked)).exit_code == 0
    server.access.take("patch", "deployments", "shop")
    done = await run(*asked)
    assert done.exit_code == 1
    assert "patch deployments.apps in shop: not allowed" in done.stdout
    asked_for = [json.loads(seen.body)["spec"]["resourceAttributes"] for seen in server.of("POST")]
    assert {"verb": "get", "group": "apps", "resource": "deployments", "namespace": "shop"} in asked_for


async def test_it_needs_to_know_how_the_clusters_are_reached(tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES)
    assert (await run("check", tmp_path / "rules.yaml", "--cluster")).exit_code == 2
