import copy

import pytest
from fakes.kubernetes_looks import revision
from msgspec.structs import replace

from remediator.core.durations import SECOND

MINUTE = 60 * SECOND


@pytest.fixture
def history(actions):
    return actions["rollout_history"]


@pytest.fixture
def look(history, context, web):
    """Look at the history of ``web`` when an alert began so many minutes after noon."""

    async def look(alert=None, **more):
        began = None if alert is None else context.now + int(alert * MINUTE)
        later = replace(context, now=context.now + 120 * MINUTE, starts_at=began)
        return await history.perform(history.parameters(**{**web, **more}), later)

    return look


def deploy(server, image, *, ago=0, cause=""):
    """Give the deployment another image; its ReplicaSet is ``ago`` seconds older than noon."""
    workload = copy.deepcopy(server.world.objects["deployments", "shop", "web"])
    workload["spec"]["template"]["spec"]["containers"][0]["image"] = image
    workload["metadata"].setdefault("annotations", {})["kubernetes.io/change-cause"] = cause
    server.world.put("deployments", workload)
    server.world.finish("deployments", "shop", "web")
    for item in server.world.of("replicasets", "shop"):
        if item["metadata"]["name"].endswith(newest_hash(server)):
            item["metadata"]["creationTimestamp"] = server.world.stamp(ago)
            item["metadata"]["annotations"]["kubernetes.io/change-cause"] = cause


def newest_hash(server):
    sets = server.world.of("replicasets", "shop")
    newest = max(sets, key=lambda item: int(item["metadata"]["annotations"]["deployment.kubernetes.io/revision"]))
    return newest["metadata"]["name"].rpartition("-")[2]


@pytest.fixture
def two(server):
    server.world.workload("deployment", "web")
    server.world.of("replicasets", "shop")[0]["metadata"]["creationTimestamp"] = server.world.stamp(86_400)
    deploy(server, "example/web:2", cause="release 2")


@pytest.mark.parametrize(
    ("minutes", "within", "began"),
    [(0, "30m", True), (29.9, "30m", True), (30.1, "30m", False), (-1, "30m", False), (45, "1h", True)],
)
async def test_when_it_follows_within_the_time(two, look, minutes, within, began):
    found = await look(minutes, within=within)
    assert found.began_with_rollout is began
    assert found.seconds_between == minutes * 60


async def test_what_the_revisions_were(two, look):
    found = await look(5)
    assert (found.total, found.newest_revision, found.previous_revision) == (2, 2, 1)
    assert [each.images for each in found.revisions] == [("example/web:2",), ("example/web:1",)]
    assert [each.change_cause for each in found.revisions] == ["release 2", ""]
    assert [each.age for each in found.revisions] == [7200.0, 7200.0 + 86_400]
    assert (found.newest_images, found.images_changed) == (("example/web:2",), True)
    assert (found.newest_at, found.newest_at_exact, found.newest_ago) == ("2025-06-01T12:00:00Z", True, 7200.0)
    assert len((await look(5, newest=1)).revisions) == 1


async def test_without_an_alert_nothing_began(two, look):
    found = await look(None)
    assert (found.began_with_rollout, found.seconds_between) == (None, None)


async def test_a_rollback_began_with_its_pods_not_with_its_old_replica_set(server, two, look):
    for pod in server.world.of("pods", "shop"):
        pod["metadata"]["creationTimestamp"] = server.world.stamp(0)
    deploy(server, "example/web:1", ago=86_400)
    for pod in server.world.of("pods", "shop"):
        pod["metadata"]["creationTimestamp"] = server.world.stamp(-600)
    found = await look(15)
    assert (found.newest_revision, found.newest_images) == (3, ("example/web:1",))
    assert (found.newest_at, found.newest_at_exact) == ("2025-06-01T12:10:00Z", False)
    assert (found.seconds_between, found.began_with_rollout) == (300.0, True)
    for pod in server.world.of("pods", "shop"):
        server.world.remove(("pods", "shop", pod["metadata"]["name"]))
    assert (await look(15)).began_with_rollout is None


@pytest.mark.parametrize("kind", ["statefulset", "daemonset"])
async def test_of_other_kinds_from_controller_revisions(server, look, kind):
    workload = server.world.workload(kind, "web")
    other = server.world.workload(kind, "other")
    for item in server.world.of("controllerrevisions", "shop"):
        server.world.remove(("controllerrevisions", "shop", item["metadata"]["name"]))
    revision(server.world, workload, 4, "example/web:1", ago=86_400)
    revision(server.world, workload, 5, "example/web:2", ago=60)
    alien = revision(server.world, other, 9, "example/other:1", ago=0, name="stranger")
    alien["metadata"]["labels"] = {"app": "web"}  # fits the selector, is owned by another
    found = await look(9, kind=kind)
    assert (found.total, found.newest_revision, found.previous_revision) == (2, 5, 4)
    assert found.newest_images == ("example/web:2",)
    assert (found.seconds_between, found.began_with_rollout) == (600.0, True)


async def test_a_rollback_of_a_statefulset(server, look):
    workload = server.world.workload("statefulset", "web")
    for item in server.world.of("controllerrevisions", "shop"):
        server.world.remove(("controllerrevisions", "shop", item["metadata"]["name"]))
    hashed = workload["metadata"]["name"]
    pods = server.world.of("pods", "shop")
    old = pods[0]["metadata"]["labels"]["controller-revision-hash"]
    revision(server.world, workload, 6, "example/web:1", ago=86_400, name=old)
    revision(server.world, workload, 5, "example/web:2", ago=3600, name=f"{hashed}-b")
    pods[1]["metadata"]["labels"]["controller-revision-hash"] = f"{hashed}-b"
    pods[1]["metadata"]["creationTimestamp"] = server.world.stamp(3600)
    found = await look(1, kind="statefulset")
    assert (found.newest_revision, found.newest_at, found.newest_at_exact) == (6, "2025-06-01T12:00:00Z", False)


async def test_no_revisions_at_all(server, look):
    server.world.workload("deployment", "web", replicas=0)
    for item in server.world.of("replicasets", "shop"):
        server.world.remove(("replicasets", "shop", item["metadata"]["name"]))
    found = await look(1)
    assert (found.total, found.newest_revision, found.newest_at, found.began_with_rollout) == (0, None, "", None)
