import asyncio
import os
import re
from pathlib import Path

import pytest
import yaml
from fakes.small_site import table_of

from remediator.actions import registry
from remediator.actions.context import Clients, Context
from remediator.actions.kubernetes import Connection
from remediator.actions.kubernetes.api import open_api
from remediator.cli.check_cluster import check_cluster
from remediator.core.access import Given, needs_of
from remediator.errors import PermanentError
from remediator.interfaces.rbac import Account, manifests

pytestmark = pytest.mark.cluster

RULES = """
rules:
  - {name: full, match: alertname=Full, guide: grow, mode: auto, with: {namespace: "{{ labels.namespace }}"}}
guides:
  grow:
    summary: it is full
    parameters: {namespace: {}}
    target: kubernetes/default/{{ params.namespace }}/deployment/web
    diagnose:
      - {id: look, kubernetes.describe_workload: {kind: deployment, name: web, namespace: "{{ params.namespace }}"}}
      - {id: said, kubernetes.events: {kind: deployment, name: web, namespace: "{{ params.namespace }}"}}
    remedies:
      - name: grow
        steps:
          - kubernetes.scale: {kind: deployment, name: web, namespace: "{{ params.namespace }}", by: "+1"}
          - kubernetes.rollout_restart: {kind: deployment, name: web, namespace: "{{ params.namespace }}"}
    verify:
      all:
        - kubernetes.rollout_status: {kind: deployment, name: web, namespace: "{{ params.namespace }}"}
"""
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/"
PATHS = {
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "Role": RBAC + "roles",
    "RoleBinding": RBAC + "rolebindings",
}


@pytest.fixture
def rules(tmp_path):
    return table_of(RULES, tmp_path).rules


@pytest.fixture
async def limited(place, rules, tmp_path):
    """Make a service account with the generated rights; return the connections and a context that are its own."""
    await skip_where_everybody_may_do_everything(place)
    needs, gaps = needs_of(rules, registry.find, "kubernetes", Given(namespaces=(place.namespace,)))
    assert not gaps
    for document in yaml.safe_load_all(manifests(needs, Account("bot", place.namespace))):
        await place.api.request("POST", PATHS[document["kind"]].format(place.namespace), body=document)
    where = f"{PATHS['ServiceAccount'].format(place.namespace)}/bot/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    token = (await place.api.request("POST", where, body=request))["status"]["token"]
    connections = {"kubernetes": {"default": Connection(kubeconfig=kubeconfig_with(token, tmp_path))}}
    clients = Clients()
    yield connections, Context(place.context.session, clients, connections, now=place.context.now)
    await clients.close()


async def skip_where_everybody_may_do_everything(place):
    about = {"verb": "delete", "resource": "nodes"}
    body = {"spec": {"user": f"system:serviceaccount:{place.namespace}:nobody", "resourceAttributes": about}}
    answer = await place.api.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body=body)
    if answer["status"]["allowed"]:
        pytest.skip("this cluster authorizes everything")


def kubeconfig_with(token, folder):
    """Write the test's kubeconfig with another user's token; return its path."""
    source = Path(os.environ["KUBECONFIG"])
    config = yaml.safe_load(source.read_text())
    for item in config["clusters"]:  # it may be relative to the file
        if authority := item["cluster"].get("certificate-authority"):
            item["cluster"]["certificate-authority"] = str(source.parent / authority)
    context = next(item for item in config["contexts"] if item["name"] == config["current-context"])
    context["context"]["user"] = "bot"
    config["users"] = [{"name": "bot", "user": {"token": token}}]
    file = folder / "limited.yaml"
    file.write_text(yaml.safe_dump(config))
    return file


async def use(place, context):
    """Do what the rules can do."""
    for verb, more in (("describe_workload", {}), ("events", {}), ("scale", {"by": "+1"}), ("rollout_restart", {}), ("rollout_status", {})):
        action = place.action(verb)
        p = place.parameters(verb, kind="deployment", name="web", **more)
        if action.changes:
            await action.preview(p, context)
            p = (await action.resolve(p, context)).parameters
        await action.perform(p, context)


async def checked(rules, connections, place, capsys):
    right = await asyncio.to_thread(check_cluster, rules, connections, (place.namespace,))
    return right, capsys.readouterr().out


async def test_for_all_that_the_rules_do(place, limited, rules, capsys):
    connections, context = limited
    await place.workload("deployment")
    right, said = await checked(rules, connections, place, capsys)
    assert right, said
    await use(place, context)


async def test_and_for_nothing_else(place, limited):
    _, context = limited
    api = await open_api(context, "default")
    for path in ("secrets", "configmaps", "serviceaccounts"):
        with pytest.raises(PermanentError, match="403"):
            await api.list(f"/api/v1/namespaces/{place.namespace}/{path}")
    with pytest.raises(PermanentError, match="403"):
        await api.list("/api/v1/namespaces/default/pods")


async def test_a_verb_that_is_taken_away_is_named(place, limited, rules, capsys):
    connections, context = limited
    await place.workload("deployment")
    where = f"{PATHS['Role'].format(place.namespace)}/bot"
    role = await place.api.get(where)
    for rule in role["rules"]:
        if rule["resources"] == ["deployments/scale"]:
            rule["verbs"].remove("patch")
    await place.api.patch(where, {"rules": role["rules"]}, "application/merge-patch+json")
    for _ in range(40):  # the authorizer learns of it a moment later
        right, said = await checked(rules, connections, place, capsys)
        if not right:
            break
        await asyncio.sleep(0.25)
    assert not right
    assert re.search(rf"error: default: patch deployments\.apps/scale in {place.namespace}: not allowed", said)
    assert 'rule "full", guide "grow", step "do1_1" (kubernetes.scale)' in said
    assert ", 1 missing" in said
    # What a dry run would be refused is told before anything is changed.
    scale = place.action("scale")
    with pytest.raises(PermanentError, match="403"):
        await scale.preview(place.parameters("scale", kind="deployment", name="web", by="+1"), context)
