import asyncio

import pytest

from remediator.actions.kubernetes.api import open_api
from remediator.cli.check_cluster import check_cluster
from remediator.errors import PermanentError

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
ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles/bot"


@pytest.fixture
async def limited(place, account):
    """Make a service account with the generated rights; return the rules, its connections and its context."""
    return await account(RULES)


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


async def test_for_all_that_the_rules_do(place, limited, capsys):
    rules, connections, context = limited
    await place.workload("deployment")
    right, said = await place.until(lambda: checked(rules, connections, place, capsys), lambda found: found[0])
    assert right, said
    await use(place, context)


async def test_and_for_nothing_else(place, limited):
    _, _, context = limited
    api = await open_api(context, "default")
    for path in ("secrets", "configmaps", "serviceaccounts"):
        with pytest.raises(PermanentError, match="403"):
            await api.list(f"/api/v1/namespaces/{place.namespace}/{path}")
    with pytest.raises(PermanentError, match="403"):
        await api.list("/api/v1/namespaces/default/pods")


async def test_each_that_is_taken_away_is_named_and_missed(place, limited, capsys):
    rules, connections, context = limited
    await place.workload("deployment")
    where = ROLES.format(place.namespace)
    whole = (await place.api.get(where))["rules"]
    for index, verb, resource in [(i, v, r) for i, rule in enumerate(whole) for v in rule["verbs"] for r in rule["resources"]]:
        await place.api.patch(where, {"rules": without(whole, index, verb, resource)}, "application/merge-patch+json")
        kind, _, sub = resource.partition("/")
        group = "".join(f".{name}" for name in whole[index]["apiGroups"] if name)
        missing = f"{verb} {kind}{group}{f'/{sub}' if sub else ''} in {place.namespace}: not allowed"
        # The authorizer learns of it a moment later.
        right, said = await place.until(
            lambda: checked(rules, connections, place, capsys),
            lambda found: f"error: default: {missing}" in found[1] and ", 1 missing" in found[1],  # noqa: B023 -- asked at once
        )
        assert not right
        assert f"error: default: {missing}" in said
        assert ", 1 missing" in said
        assert 'rule "full", guide "grow", step' in said
        with pytest.raises(PermanentError, match=f"403 .*cannot {verb} resource"):
            await use(place, context)


def without(rules, index, verb, resource):
    """Return a role's rules less one verb on one resource."""
    rule = rules[index]
    kept = [
        {**rule, "resources": [each for each in rule["resources"] if each != resource]},
        {**rule, "resources": [resource], "verbs": [each for each in rule["verbs"] if each != verb]},
    ]
    others = [other for place, other in enumerate(rules) if place != index]
    return [*others, *[one for one in kept if one["resources"] and one["verbs"]]]


async def test_a_missing_right_is_found_by_the_dry_run(place, limited):
    _, _, context = limited
    await place.workload("deployment")
    before = (await place.get("deployment", "web"))["metadata"]["generation"]
    where = ROLES.format(place.namespace)
    whole = (await place.api.get(where))["rules"]
    index = next(i for i, rule in enumerate(whole) if "deployments/scale" in rule["resources"])
    less = without(whole, index, "patch", "deployments/scale")
    await place.api.patch(where, {"rules": less}, "application/merge-patch+json")
    scale = place.action("scale")
    p = place.parameters("scale", kind="deployment", name="web", by="+1")

    async def refused():
        try:
            await scale.preview(p, context)
        except PermanentError as error:
            return str(error)
        return ""

    assert "403 refused by RBAC" in await place.until(refused)
    assert (await place.get("deployment", "web"))["metadata"]["generation"] == before
