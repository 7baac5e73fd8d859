import asyncio

import pytest

pytestmark = pytest.mark.cluster


async def test_by_its_field_manager(place):
    await place.workload("deployment", replicas=1)
    where = f"/apis/apps/v1/namespaces/{place.namespace}/deployments/web"
    await place.api.request(
        "PATCH", where, query=[("fieldManager", "argocd-controller")], body={"metadata": {"labels": {"a": "b"}}},
        media="application/merge-patch+json",
    )  # fmt: skip
    p = place.parameters("set_image", kind="deployment", name="web", image="registry.k8s.io/pause:3.10")
    assert "Argo CD" in await place.action("set_image").caution(p, place.context)
    p = place.parameters("rollout_restart", kind="deployment", name="web")
    assert await place.action("rollout_restart").caution(p, place.context) == ""


async def test_by_helms_label_but_not_for_what_helm_leaves_alone(place):
    await place.workload("deployment", replicas=1)
    where = f"/apis/apps/v1/namespaces/{place.namespace}/deployments/web"
    marks = {
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": place.namespace},
    }
    await place.api.patch(where, {"metadata": marks}, "application/merge-patch+json")
    p = place.parameters("set_env", kind="deployment", name="web", set={"A": "b"})
    assert "Helm installed it" in await place.action("set_env").caution(p, place.context)
    p = place.parameters("scale", kind="deployment", name="web", by="+1")
    assert await place.action("scale").caution(p, place.context) == ""
    assert (await place.perform("describe_workload", kind="deployment", name="web")).managed_by == "Helm"


async def test_by_an_owner_whose_operator_writes_all_of_it(place):
    owner = await place.create("configmap", {"metadata": {"name": "orders"}, "data": {}})
    reference = {
        "apiVersion": "v1", "kind": "ConfigMap", "name": "orders", "uid": owner["metadata"]["uid"], "controller": True,
    }  # fmt: skip
    await place.workload("statefulset", replicas=1)
    where = f"/apis/apps/v1/namespaces/{place.namespace}/statefulsets/web"
    await place.api.patch(where, {"metadata": {"ownerReferences": [reference]}}, "application/merge-patch+json")
    for verb, more in (("rollout_restart", {}), ("scale", {"by": "+1"})):
        p = place.parameters(verb, kind="statefulset", name="web", **more)
        assert "ConfigMap/orders looks after it" in await place.action(verb).caution(p, place.context)


async def test_while_somebody_elses_rollout_goes_on(place):
    await place.workload("deployment", replicas=1)
    where = f"/apis/apps/v1/namespaces/{place.namespace}/deployments/web"
    await asyncio.sleep(1.1)  # times of field managers are whole seconds, and within one second it may be ours
    stuck = {"spec": {"minReadySeconds": 500, "template": {"metadata": {"annotations": {"deploy": "2"}}}}}
    await place.api.request(
        "PATCH", where, query=[("fieldManager", "ci-deployer")], body=stuck, media="application/merge-patch+json"
    )
    p = place.parameters("scale", kind="deployment", name="web", replicas=2)
    assert "begun by ci-deployer" in await place.action("scale").caution(p, place.context)


async def test_but_not_while_our_own_goes_on(place):
    await place.workload("deployment", replicas=1)
    await place.perform("rollout_restart", kind="deployment", name="web")
    p = place.parameters("set_env", kind="deployment", name="web", set={"A": "b"})
    assert await place.action("set_env").caution(p, place.context) == ""
