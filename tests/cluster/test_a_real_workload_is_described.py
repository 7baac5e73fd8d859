import contextlib

import pytest

from remediator.errors import ActionError, PermanentError, TemporaryError

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset"])
async def test_at_rest(place, kind):
    await place.workload(kind)
    found = await place.perform("describe_workload", kind=kind, name="web")
    assert found.replicas == found.ready == found.updated == found.available == len(await place.pods())
    assert not found.rolling_out
    assert found.generation == found.observed_generation
    assert found.images == ("registry.k8s.io/pause:3.9",)
    assert found.revision
    assert (found.hpa, found.managed_by, found.restarts, found.not_ready) == (None, None, 0, ())
    if kind == "deployment":
        assert {condition.type for condition in found.conditions} >= {"Available", "Progressing"}
        assert found.started_at.endswith("Z")
        assert abs(found.started_ago) < 300


async def test_its_events(place):
    await place.workload("deployment")
    found = await place.until(
        lambda: place.perform("events", kind="deployment", name="web"),
        lambda found: found.counts.get("ScalingReplicaSet"), seconds=30,
    )  # fmt: skip
    if not found.counts.get("ScalingReplicaSet"):
        pytest.skip("this cluster records no events")
    assert any(event.object == "Deployment/web" for event in found.events)
    assert (await place.perform("events")).total >= found.total


async def test_what_is_not_there(place):
    for name in ("describe_workload", "rollout_status", "rollout_restart"):
        with pytest.raises(PermanentError, match=r'404 deployments\.apps "nope" not found'):
            await place.perform(name, kind="deployment", name="nope")
    with pytest.raises(PermanentError, match="404"):
        await place.perform("scale", kind="deployment", name="nope", replicas=1)
    with pytest.raises(PermanentError, match="404"):
        await place.perform("logs", name="nope")


async def test_what_the_server_finds_invalid(place):
    await place.workload("deployment")
    where = f"/apis/apps/v1/namespaces/{place.namespace}/deployments/web"
    with pytest.raises(PermanentError, match=r"422 .*must be greater than or equal to 0"):
        await place.api.patch(f"{where}/scale", {"spec": {"replicas": -1}}, "application/merge-patch+json")
    with pytest.raises(PermanentError, match="415"):
        await place.api.patch(where, {"spec": {"replicas": 1}}, "application/json")


async def test_logs_answer_or_say_why_not(place):
    await place.workload("deployment", replicas=1)
    with contextlib.suppress(PermanentError, TemporaryError):  # a simulated kubelet may have none
        found = await place.perform("logs", kind="deployment", name="web", grep={"any": "."})
        assert found.matched <= found.lines
        return
    with pytest.raises(ActionError, match="/log"):
        await place.perform("logs", kind="deployment", name="web")
