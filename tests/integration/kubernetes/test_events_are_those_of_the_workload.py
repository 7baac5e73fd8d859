import pytest
from fakes.kubernetes_api import FakeKubernetes


@pytest.fixture
def events(actions):
    return actions["events"]


async def test_of_a_deployment_its_replica_sets_and_pods_also_those_gone(server, context, events, web):
    server.world.workload("deployment", "web")
    server.world.workload("deployment", "web-admin")
    (replica_set,) = [item["metadata"]["name"] for item in server.world.of("replicasets", "shop")
                      if not item["metadata"]["name"].startswith("web-admin")]  # fmt: skip
    pod = next(
        p["metadata"]["name"] for p in server.world.of("pods", "shop") if p["metadata"]["name"].startswith(replica_set)
    )
    server.world.event("Deployment/web", "ScalingReplicaSet", warning=False, ago=300)
    server.world.event(f"ReplicaSet/{replica_set}", "SuccessfulCreate", warning=False, ago=200)
    server.world.event(f"Pod/{pod}", "BackOff", "Back-off restarting\nfailed container", count=12, ago=10)
    server.world.event(f"Pod/{replica_set}-gone1", "Killing", warning=False, ago=100)
    server.world.event("Pod/web-admin-5d9c-xx111", "BackOff", count=99)
    server.world.event("Deployment/web-admin", "ScalingReplicaSet", count=99)
    server.world.event("Service/web", "Odd", count=99)
    found = await events.perform(events.parameters(**web), context)
    assert found.counts == {"BackOff": 12, "ScalingReplicaSet": 1, "SuccessfulCreate": 1, "Killing": 1}
    assert (found.total, found.warnings) == (15, 12)
    assert [event.reason for event in found.events] == ["BackOff", "Killing", "SuccessfulCreate", "ScalingReplicaSet"]
    newest = found.events[0]
    assert (newest.at, newest.type, newest.object) == ("2025-06-01T11:59:50Z", "Warning", f"Pod/{pod}")
    assert (newest.message, newest.count) == ("Back-off restarting failed container", 12)
    assert found.complete


@pytest.mark.parametrize("case", [("statefulset", "db-7", "db-x"), ("daemonset", "db-ab1cd", "db-7")])
async def test_of_other_kinds(server, context, events, case):
    kind, gone, other = case
    server.world.workload(kind, "db")
    server.world.event(f"Pod/{gone}", "Killing")
    server.world.event(f"Pod/{other}", "Odd")
    found = await events.perform(events.parameters(kind=kind, name="db", namespace="shop"), context)
    assert found.counts == {"Killing": 1}


async def test_of_a_namespace(server, context, events):
    server.world.event("Pod/a", "BackOff", ago=1)
    server.world.event("Node/b", "NodeNotReady", ago=2)
    server.world.event("Pod/c", "Pulled", warning=False, ago=4000)
    server.world.event("Pod/d", "BackOff", namespace="other")

    async def counts(**more):
        return (await events.perform(events.parameters(namespace="shop", **more), context)).counts

    assert await counts() == {"BackOff": 1, "NodeNotReady": 1, "Pulled": 1}
    assert await counts(type="Warning") == {"BackOff": 1, "NodeNotReady": 1}
    assert await counts(since="1h") == {"BackOff": 1, "NodeNotReady": 1}
    assert await counts(type="Normal", since="1h") == {}


async def test_only_the_newest_are_shown_and_all_are_counted(server, context, events):
    for number in range(40):
        server.world.event(f"Pod/p{number:02}", "BackOff", ago=number)
    found = await events.perform(events.parameters(namespace="shop", newest=3), context)
    assert [event.object for event in found.events] == ["Pod/p00", "Pod/p01", "Pod/p02"]
    assert found.total == 40


async def test_more_than_we_read_is_said(connect, events):
    async with FakeKubernetes(page=2) as server:
        for number in range(30):
            server.world.event(f"Pod/p{number:02}", "BackOff")
        found = await events.perform(events.parameters(namespace="shop"), connect(server))
    assert found.total == 20
    assert not found.complete


@pytest.mark.parametrize(
    ("times", "at"),
    [
        ({"eventTime": "2025-06-01T11:00:00.123456Z", "lastTimestamp": None}, "2025-06-01T11:00:00Z"),
        ({"series": {"count": 3, "lastObservedTime": "2025-06-01T13:30:00+02:00"}}, "2025-06-01T11:30:00Z"),
        ({"lastTimestamp": "yesterday"}, "2025-06-01T12:00:00Z"),
        ({"lastTimestamp": 5, "metadata": {"name": "x", "namespace": "shop", "creationTimestamp": []}}, ""),
    ],
)
async def test_its_time_stands_in_several_places(server, context, events, times, at):
    server.world.event("Pod/a", "BackOff").update(times)
    (found,) = (await events.perform(events.parameters(namespace="shop"), context)).events
    assert found.at == at


@pytest.mark.parametrize("half", [{"kind": "deployment"}, {"name": "web"}])
def test_half_a_workload_is_refused(events, half):
    with pytest.raises(ValueError, match="or neither"):
        events.parameters(namespace="shop", **half)
