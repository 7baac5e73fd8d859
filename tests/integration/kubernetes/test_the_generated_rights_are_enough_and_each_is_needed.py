import asyncio

import pytest
from fakes.kubernetes_access import Access
from fakes.small_site import table_of

from remediator.actions import registry
from remediator.actions.kubernetes import Connection
from remediator.cli.check_cluster import check_cluster
from remediator.core.access import Given, needs_of
from remediator.errors import PermanentError
from remediator.interfaces.rbac import Account, manifests

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
"""
GIVEN = Given(namespaces=("shop",))


@pytest.fixture
def rules(tmp_path):
    return table_of(RULES, tmp_path).rules


@pytest.fixture
def limited(server, rules):
    """Limit the server's account to what the rules need."""
    server.world.workload("deployment", "web")
    needs, gaps = needs_of(rules, registry.find, "kubernetes", GIVEN)
    assert not gaps
    server.access = Access.of(manifests(needs, Account("bot", "ops")))
    return server


async def use(actions, context):
    """Do what the rules can do."""
    web = {"kind": "deployment", "name": "web", "namespace": "shop"}
    for name, more in (("describe_workload", {}), ("events", {}), ("scale", {"by": "+1"}), ("rollout_restart", {})):
        action = actions[name]
        p = action.parameters(**web, **more)
        if action.changes:
            await action.preview(p, context)
            p = (await action.resolve(p, context)).parameters
        await action.perform(p, context)


async def ask(rules, server, tmp_path, capsys, **more):
    connections = {"kubernetes": {"default": Connection(kubeconfig=server.kubeconfig(tmp_path), **more)}}
    right = await asyncio.to_thread(check_cluster, rules, connections, GIVEN.namespaces)
    return right, capsys.readouterr().out


async def test_they_are_enough(limited, context, actions, rules, tmp_path, capsys):
    right, said = await ask(rules, limited, tmp_path, capsys)
    assert right, said
    assert "9 rights in 1 clusters asked for, 0 missing" in said
    await use(actions, context)


async def test_each_is_needed_and_one_that_is_taken_away_is_named(limited, context, actions, rules, tmp_path, capsys):
    for verb, group, resource, namespace, name in sorted(limited.access.rights):
        limited.access.take(verb, resource, namespace)
        right, said = await ask(rules, limited, tmp_path, capsys)
        assert not right
        kind, _, sub = resource.partition("/")
        shown = f"{kind}{f'.{group}' if group else ''}{f'/{sub}' if sub else ''}"
        assert f"error: default: {verb} {shown} in shop: not allowed" in said
        assert 'needed by rule "full", guide "grow", step' in said
        assert ", 1 missing" in said
        with pytest.raises(PermanentError, match=f"403 .* cannot {verb} resource"):
            await use(actions, context)
        limited.access.rights.add((verb, group, resource, namespace, name))


async def test_a_cluster_that_cannot_be_asked_is_no_success(limited, rules, tmp_path, capsys):
    limited.token = "new"
    file = limited.kubeconfig(tmp_path, token="old")
    connections = {"kubernetes": {"default": Connection(kubeconfig=file)}}
    assert not await asyncio.to_thread(check_cluster, rules, connections, GIVEN.namespaces)
    assert "cannot be asked: POST /apis/authorization.k8s.io" in capsys.readouterr().out


@pytest.mark.parametrize("body", [b"{}", b'{"status": []}', b'{"status": {"allowed": "true"}}', b'{"status": {"allowed": true, "denied": true}}'])
async def test_only_a_plain_yes_counts(limited, rules, tmp_path, capsys, body):
    limited.answer("create", "selfsubjectaccessreviews", body=body)
    right, _ = await ask(rules, limited, tmp_path, capsys)
    assert not right


async def test_what_only_alerts_tell_must_be_given(limited, rules, tmp_path, capsys):
    connections = {"kubernetes": {"default": Connection(kubeconfig=limited.kubeconfig(tmp_path))}}
    assert not await asyncio.to_thread(check_cluster, rules, connections)
    assert "say which with --namespace" in capsys.readouterr().out
