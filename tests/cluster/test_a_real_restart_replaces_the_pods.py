import pytest

pytestmark = pytest.mark.cluster
ANNOTATION = "kubectl.kubernetes.io/restartedAt"


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset"])
async def test_by_the_workloads_own_strategy(place, kind):
    await place.workload(kind)
    restart = place.action("rollout_restart")
    before = {pod["metadata"]["uid"] for pod in await place.pods()}
    if not before:
        pytest.skip("this cluster has no node for a daemonset")
    intent = await restart.resolve(place.parameters("rollout_restart", kind=kind, name="web"), place.context)
    assert await restart.happened(intent, place.context) is False

    done = await restart.perform(intent.parameters, place.context)
    status = await place.settled(kind)
    assert done.changed
    assert status.holds, status.reason
    assert status.observed_generation >= done.generation == intent.before["generation"] + 1
    after = {pod["metadata"]["uid"] for pod in await place.pods()}
    assert not before & after

    workload = await place.get(kind, "web")
    assert workload["spec"]["template"]["metadata"]["annotations"][ANNOTATION] == intent.parameters.restarted_at
    managers = {item["manager"] for item in workload["metadata"].get("managedFields", [])}
    assert not managers or "remediator" in managers
    assert await restart.happened(intent, place.context) is True


async def test_once(place):
    await place.workload("deployment")
    restart = place.action("rollout_restart")
    intent = await restart.resolve(place.parameters("rollout_restart", kind="deployment", name="web"), place.context)
    first = await restart.perform(intent.parameters, place.context)
    again = await restart.perform(intent.parameters, place.context)
    assert (first.changed, again.changed) == (True, False)
    assert again.generation == first.generation


async def test_not_when_it_is_only_asked_what_would_change(place):
    await place.workload("deployment")
    before = await place.get("deployment", "web")
    p = place.parameters("rollout_restart", kind="deployment", name="web")
    shown = await place.action("rollout_restart").preview(p, place.context)
    after = await place.get("deployment", "web")
    assert [line for line in shown.splitlines() if line.startswith("+k")] == [
        f"+{ANNOTATION}: {(await place.action('rollout_restart').resolve(p, place.context)).parameters.restarted_at}"
    ]
    assert before["spec"] == after["spec"]
    assert before["metadata"]["generation"] == after["metadata"]["generation"]
