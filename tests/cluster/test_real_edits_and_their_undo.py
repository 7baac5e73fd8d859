import pytest

from remediator.errors import PermanentError

pytestmark = pytest.mark.cluster
KINDS = ("deployment", "statefulset", "daemonset")
APP = {
    "env": [{"name": "POOL", "value": "10"}, {"name": "EMPTY"}],
    "resources": {"limits": {"memory": "64Mi", "cpu": "100m"}, "requests": {"memory": "16Mi", "cpu": "10m"}},
    "livenessProbe": {"exec": {"command": ["/pause", "-v"]}, "timeoutSeconds": 5, "periodSeconds": 3600,
                      "initialDelaySeconds": 3600},
}  # fmt: skip
EDITS = {
    "set_env": {"set": {"POOL": 20, "NEW": "x", "EMPTY": ""}, "unset": ["GONE"]},
    "set_image": {"image": "registry.k8s.io/pause:3.10"},
    "set_resources": {"limits": {"memory": "x2", "cpu": "0.25"}, "requests": {"memory": "32768Ki"}},
    "set_probe": {"liveness": {"timeout_seconds": 10, "initial_delay_seconds": 0, "failure_threshold": 5}},
    "annotate": {"set": {"note": "1"}, "on": "both"},
    "label": {"set": {"tier": "gold"}, "on": "both"},
}


def app(workload):
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    return container


def written(workload):
    """Return what people write of it; what is empty was not there."""
    marks = [workload["metadata"].get(which, {}) for which in ("labels", "annotations")]
    pods = workload["spec"]["template"]["metadata"]
    marks += [pods.get(which, {}) for which in ("labels", "annotations")]
    kept = [{key: value for key, value in mark.items() if key in ("note", "tier", "app")} for mark in marks]
    return app(workload), kept


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("verb", EDITS)
async def test_there_and_back(place, kind, verb):
    await place.workload(kind, **APP)
    before = await place.get(kind, "web")
    action = place.action(verb)
    intent = await action.resolve(place.parameters(verb, kind=kind, name="web", **EDITS[verb]), place.context)
    assert await action.happened(intent, place.context) is False

    shown = await action.preview(intent.parameters, place.context)
    assert "Its pods restart" in shown
    assert (await place.get(kind, "web"))["spec"] == before["spec"]

    assert await action.caution(intent.parameters, place.context) == ""
    done = await action.perform(intent.parameters, place.context)
    assert (done.changed, done.replaces_pods) == (True, True)
    assert written(await place.get(kind, "web")) != written(before)
    assert await action.happened(intent, place.context) is True
    assert not (await action.perform(intent.parameters, place.context)).changed

    assert (await action.undo(intent, place.context)).changed
    assert written(await place.get(kind, "web")) == written(before)
    assert await action.happened(intent, place.context) is False
    assert not (await action.undo(intent, place.context)).changed


async def test_values_arrive(place):
    await place.workload("deployment", **APP)
    for verb in ("set_env", "set_resources", "set_probe"):
        await place.perform(verb, kind="deployment", name="web", **EDITS[verb])
    found = app(await place.get("deployment", "web"))
    assert {item["name"]: item.get("value", "") for item in found["env"]} == {"POOL": "20", "NEW": "x", "EMPTY": ""}
    assert found["resources"]["limits"] == {"memory": "128Mi", "cpu": "250m"}
    assert found["resources"]["requests"] == {"memory": "32Mi", "cpu": "10m"}
    assert found["livenessProbe"]["timeoutSeconds"] == 10
    assert "initialDelaySeconds" not in found["livenessProbe"]


async def test_what_somebody_else_set_since_stays(place):
    await place.workload("deployment", **APP)
    action = place.action("set_env")
    intent = await action.resolve(
        place.parameters("set_env", kind="deployment", name="web", set={"POOL": 20}), place.context
    )
    await action.perform(intent.parameters, place.context)
    await place.perform("set_env", kind="deployment", name="web", set={"POOL": 30})
    with pytest.raises(PermanentError, match="somebody changed it"):
        await action.undo(intent, place.context)
    assert await action.happened(intent, place.context) is None


async def test_a_secret_value_comes_back_from_its_revision(place):
    for kind in ("deployment", "statefulset"):
        await place.workload(kind, name=f"web-{kind}", replicas=0, env=[{"name": "API_TOKEN", "value": "old"}])
        action = place.action("set_env")
        p = place.parameters("set_env", kind=kind, name=f"web-{kind}", set={"API_TOKEN": "new"})
        intent = await action.resolve(p, place.context)
        assert intent.before["revision"]
        await action.perform(intent.parameters, place.context)
        await action.undo(intent, place.context)
        assert app(await place.get(kind, f"web-{kind}"))["env"] == [{"name": "API_TOKEN", "value": "old"}]


async def test_what_the_server_finds_invalid_is_found_by_the_dry_run(place):
    await place.workload("deployment", **APP)
    p = place.parameters("set_resources", kind="deployment", name="web", requests={"memory": "1Gi"})
    with pytest.raises(PermanentError, match=r"422 .*must be less than or equal to memory limit"):
        await place.action("set_resources").preview(p, place.context)


async def test_pausing_and_resuming(place):
    await place.workload("deployment", **APP)
    names = {"kind": "deployment", "name": "web"}
    assert (await place.perform("pause_rollout", **names)).changed
    assert not (await place.perform("pause_rollout", **names)).changed
    with pytest.raises(PermanentError, match="is paused"):
        await place.perform("rollout_restart", **names)
    p = place.parameters("resume_rollout", **names)
    assert await place.action("resume_rollout").caution(p, place.context) == ""
    assert (await place.perform("resume_rollout", **names)).changed
    assert "paused" not in (await place.get("deployment", "web"))["spec"]


async def test_labels_of_a_pod_and_of_the_namespace(place):
    await place.workload("deployment", replicas=1)
    (pod,) = await place.pods()
    name = pod["metadata"]["name"]
    await place.perform("label", kind="pod", name=name, set={"tier": "gold"})
    assert (await place.get("pod", name))["metadata"]["labels"]["tier"] == "gold"
    action = place.action("annotate")
    p = action.parameters(kind="namespace", name=place.namespace, set={"note": "1"})
    intent = await action.resolve(p, place.context)
    await action.perform(intent.parameters, place.context)
    where = f"/api/v1/namespaces/{place.namespace}"
    assert (await place.api.get(where))["metadata"]["annotations"]["note"] == "1"
    await action.undo(intent, place.context)
    assert "note" not in (await place.api.get(where))["metadata"].get("annotations", {})
