import pytest

from remediator.errors import PermanentError, TemporaryError

pytestmark = pytest.mark.cluster
IMAGES = ("registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.8")


def image(workload):
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    return container["image"]


async def rolled(place, kind):
    """Roll out three images; wait until each has its revision."""
    await place.workload(kind)
    for count, newer in enumerate(IMAGES[1:], start=2):
        await place.perform("set_image", kind=kind, name="web", image=newer)
        await observed(place, kind)
        assert await place.until(lambda: revisions(place, kind), lambda found, count=count: found == count) == count


async def observed(place, kind):
    def seen(workload):
        return workload.get("status", {}).get("observedGeneration", 0) >= workload["metadata"]["generation"]

    assert seen(await place.until(lambda: place.get(kind, "web"), seen)), "its controller does not observe it"


async def revisions(place, kind):
    """Return how many revisions it has."""
    which = "replicasets" if kind == "deployment" else "controllerrevisions"
    return len((await place.api.list(f"/apis/apps/v1/namespaces/{place.namespace}/{which}")).items)


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset"])
async def test_to_the_previous_one_and_back(place, kind):
    await rolled(place, kind)
    undo = place.action("rollout_undo")
    intent = await undo.resolve(place.parameters("rollout_undo", kind=kind, name="web"), place.context)
    assert intent.parameters.revision == 2
    shown = await undo.preview(intent.parameters, place.context)
    assert {f"-image: {IMAGES[2]}", f"+image: {IMAGES[1]}"} <= set(shown.splitlines())
    assert image(await place.get(kind, "web")) == IMAGES[2]
    assert await undo.happened(intent, place.context) is False

    assert (await undo.perform(intent.parameters, place.context)).images == (IMAGES[1],)
    assert image(await place.get(kind, "web")) == IMAGES[1]
    assert await undo.happened(intent, place.context) is True
    assert not (await undo.perform(intent.parameters, place.context)).changed

    await observed(place, kind)
    assert (await undo.undo(intent, place.context)).images == (IMAGES[2],)
    assert await undo.happened(intent, place.context) is False


@pytest.mark.parametrize("kind", ["deployment", "statefulset"])
async def test_to_a_named_one(place, kind):
    await rolled(place, kind)
    p = place.parameters("rollout_undo", kind=kind, name="web", revision=1)
    assert (await place.action("rollout_undo").perform(p, place.context)).revision == 1
    assert image(await place.get(kind, "web")) == IMAGES[0]
    with pytest.raises(PermanentError, match="revision 99 is not in its history"):
        await place.perform("rollout_undo", kind=kind, name="web", revision=99)


async def test_not_without_a_history(place):
    await place.workload("deployment")
    with pytest.raises((PermanentError, TemporaryError), match="no earlier revision"):
        await place.perform("rollout_undo", kind="deployment", name="web")
