import uuid

import pytest
from msgspec.structs import replace

from remediator.errors import ActionError, PermanentError

pytestmark = pytest.mark.cluster

WEB = {"kind": "deployment", "name": "web"}
POLICIES = "/apis/admissionregistration.k8s.io/v1"
APP = {"resources": {"limits": {"memory": "64Mi", "cpu": "100m"}, "requests": {"memory": "32Mi"}}}


async def quota(place, **hard):
    """Make a quota; wait until it is counted."""
    await place.create("quota", {"metadata": {"name": "most"}, "spec": {"hard": hard}})

    async def counted():
        found = await place.get("quota", "most")
        return found if set(found.get("status", {}).get("used", {})) == set(hard) else None

    if not await place.until(counted, seconds=30):
        pytest.skip("this cluster counts no quotas")


async def used(place, **wanted):
    """Wait until a quota counts so much."""
    return await place.until(
        lambda: place.get("quota", "most"), lambda found: found["status"]["used"] == wanted, seconds=30
    )


async def lines(place, verb, **values):
    shown = await place.action(verb).preview(place.parameters(verb, **values), place.context)
    return [line for line in shown.splitlines() if line.startswith("The quota")]


async def test_a_quota_of_objects_refuses_the_dry_run(place):
    await quota(place, **{"count/jobs.batch": "0", "count/configmaps": "1"})  # every namespace has one, of its authority
    pod = {"containers": [{"name": "app", "image": "registry.k8s.io/pause:3.9"}], "restartPolicy": "Never"}
    context = replace(place.context, key=uuid.uuid4().hex)
    job = place.parameters("run_job", name="once", template={"spec": {"template": {"spec": pod}}})
    with pytest.raises(PermanentError, match=r"403 refused by a quota: .*exceeded quota: most"):
        await place.action("run_job").preview(job, context)
    for number in (1, 2):
        manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"flags-{number}"}}
        try:
            await place.action("apply").preview(place.parameters("apply", manifest=manifest), context)
        except PermanentError as error:
            assert "refused by a quota" in str(error)  # noqa: PT017 -- where there is one already
            return
        await place.perform("apply", manifest=manifest)
    pytest.fail("the quota holds nobody")


async def test_a_quota_of_pods_is_told_though_no_dry_run_does(place):
    await place.workload("deployment", replicas=2, **APP)
    await quota(place, pods="3", **{"limits.memory": "192Mi"})
    await used(place, pods="2", **{"limits.memory": "128Mi"})
    assert await lines(place, "scale", **WEB, replicas=3) == []
    assert await lines(place, "scale", **WEB, replicas=5) == [
        "The quota most has room for 64Mi more of limits.memory, and this adds 192Mi: its controller would be refused pods.",
        "The quota most has room for 1 more of pods, and this adds 3: its controller would be refused pods.",
    ]
    (said,) = await lines(place, "set_resources", **WEB, limits={"memory": "x2"})
    assert "room for 64Mi more of limits.memory, and this adds 128Mi" in said
    assert len(await lines(place, "scale_all", replicas=4)) == 2
    # And so it comes: the count is taken, the pods are not.
    await place.perform("scale", **WEB, replicas=5)
    found = await place.until(
        lambda: place.perform("describe_workload", **WEB),
        lambda found: any(condition.type == "ReplicaFailure" for condition in found.conditions),
    )
    assert any("exceeded quota: most" in condition.message for condition in found.conditions)
    assert len(await place.pods()) == 3


async def test_a_limit_range_does_not_refuse_a_workload_but_its_pods(place):
    limits = {"limits": [{"type": "Container", "max": {"memory": "128Mi"}}]}
    path = f"/api/v1/namespaces/{place.namespace}/limitranges"
    await place.workload("deployment", replicas=1, **APP)
    await place.api.request("POST", path, body={"metadata": {"name": "most"}, "spec": limits})
    await place.perform("set_resources", **WEB, limits={"memory": "x4"})
    found = await place.until(
        lambda: place.perform("describe_workload", **WEB),
        lambda found: any(condition.type == "ReplicaFailure" for condition in found.conditions),
    )
    assert any("maximum memory usage per Container is 128Mi" in condition.message for condition in found.conditions)


@pytest.fixture
async def policy(place):
    """A policy of the cluster that refuses more than five replicas, in this namespace only."""
    name = place.namespace
    rules = [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"],
              "resources": ["deployments", "deployments/scale"]}]  # fmt: skip
    spec = {
        "failurePolicy": "Fail", "matchConstraints": {"resourceRules": rules},
        "validations": [{"expression": "object.spec.replicas <= 5", "message": "five are enough"}],
    }  # fmt: skip
    chosen = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
    binding = {"policyName": name, "validationActions": ["Deny"], "matchResources": chosen}
    paths = {f"{POLICIES}/validatingadmissionpolicies": spec, f"{POLICIES}/validatingadmissionpolicybindings": binding}
    made = []
    try:
        for path, body in paths.items():
            await place.api.request("POST", path, body={"metadata": {"name": name}, "spec": body})
            made.append(path)
    except ActionError as error:
        pytest.skip(f"no policy may be made here: {error}")
    else:
        yield
    finally:
        for path in made:
            await place.api.request("DELETE", f"{path}/{name}")


async def test_an_admission_policy_refuses_the_dry_run(place, policy):
    await place.workload("deployment", replicas=2)
    scale = place.action("scale")

    async def refused():
        try:
            await scale.preview(place.parameters("scale", **WEB, replicas=6), place.context)
        except PermanentError as error:
            return str(error)
        return ""

    said = await place.until(refused)
    assert "422 refused by admission control (a policy)" in said
    assert "five are enough" in said
    assert (await place.get("deployment", "web"))["spec"]["replicas"] == 2
    assert "+replicas: 5" in await scale.preview(place.parameters("scale", **WEB, replicas=5), place.context)


async def test_a_pod_that_breaks_its_namespaces_security_standard(place):
    labels = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    await place.api.patch(f"/api/v1/namespaces/{place.namespace}", labels, "application/merge-patch+json")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": {
        "containers": [{"name": "app", "image": "registry.k8s.io/pause:3.9"}]}}  # fmt: skip
    apply = place.action("apply")

    async def refused():
        try:
            await apply.preview(place.parameters("apply", manifest=pod), place.context)
        except PermanentError as error:
            return str(error)
        return ""

    if not (said := await place.until(refused, seconds=10)):
        pytest.skip("this cluster has no pod security")
    assert "403 refused by admission control (pod security)" in said


async def test_two_budgets_of_one_pod_are_a_matter_for_people(place):
    await place.workload("deployment", replicas=1)
    for name in ("one", "two"):
        spec = {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}}
        await place.create("budget", {"metadata": {"name": name}, "spec": spec})
        await place.until(lambda name=name: place.get("budget", name), lambda found: "observedGeneration" in found["status"])
    name = (await place.running(1))[0]["metadata"]["name"]
    with pytest.raises(PermanentError, match=r"500 .*more than one PodDisruptionBudget"):
        await place.perform("delete_pod", pod=name)
    assert name in [pod["metadata"]["name"] for pod in await place.pods()]
