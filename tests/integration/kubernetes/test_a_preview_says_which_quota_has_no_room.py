"""A dry run of a workload passes: a quota is charged for the pods that its controller creates later."""

import pytest


@pytest.fixture
def quota(server):
    def quota(hard, used=None, **spec):
        used = used if used is not None else dict.fromkeys(hard, "0")
        meta = {"name": "most", "namespace": "shop"}
        return server.world.put("resourcequotas", {"metadata": meta, "spec": {"hard": hard, **spec}, "status": {"hard": hard, "used": used}})

    return quota


async def shown(actions, context, verb, **values):
    action = actions[verb]
    text = await action.preview(action.parameters(**{"namespace": "shop", **values}), context)
    return [line for line in text.splitlines() if line.startswith("The quota")]


async def test_for_more_pods(server, context, actions, quota, web):
    server.world.workload("deployment", "web", replicas=2)
    quota({"pods": "4"}, {"pods": "2"})
    assert await shown(actions, context, "scale", **web, replicas=4) == []
    assert await shown(actions, context, "scale", **web, replicas=5) == [
        "The quota most has room for 2 more of pods, and this adds 3: its controller would be refused pods."
    ]


@pytest.mark.parametrize(
    ("hard", "replicas", "said"),
    [
        ({"requests.memory": "1Gi"}, 6, "1024Mi more of requests.memory, and this adds 1040Mi"),
        ({"memory": "1Gi"}, 6, "1024Mi more of memory, and this adds 1040Mi"),
        ({"limits.memory": "1Gi"}, 4, "1024Mi more of limits.memory, and this adds 1200Mi"),
        ({"requests.cpu": "1500m"}, 6, "1500m more of requests.cpu, and this adds 2"),  # of its limit
        ({"count/pods": "1"}, 4, "1 more of count/pods, and this adds 2"),
        ({"requests.memory": "2Gi", "services": "0", "requests.nvidia.com/gpu": "0"}, 6, None),
    ],
)
async def test_for_what_they_ask_for(server, context, actions, quota, made, web, hard, replicas, said):
    made(resources={"requests": {"memory": "260Mi"}, "limits": {"memory": "600Mi", "cpu": "500m"}})
    quota(hard)
    lines = await shown(actions, context, "scale", **web, replicas=replicas)
    assert said in lines[0] if said else lines == []


@pytest.mark.parametrize(
    ("spec", "counts"),
    [
        ({"scopes": ["NotTerminating"]}, True),
        ({"scopes": ["BestEffort", "NotTerminating"]}, True),
        ({"scopes": ["Terminating"]}, False),
        ({"scopes": ["NotBestEffort"]}, False),
        ({"scopes": ["SomethingNew"]}, False),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]}}, False),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "DoesNotExist"}]}}, True),
    ],
)
async def test_only_of_quotas_that_count_such_pods(server, context, actions, quota, web, spec, counts):
    server.world.workload("deployment", "web", replicas=2)
    quota({"pods": "0"}, **spec)
    assert bool(await shown(actions, context, "scale", **web, replicas=3)) == counts


async def test_for_larger_pods_of_the_same_number(server, context, actions, quota, made, web):
    made(sidecar=False, resources={"requests": {"memory": "256Mi"}, "limits": {"memory": "1Gi"}})
    quota({"limits.memory": "3Gi"}, {"limits.memory": "2Gi"})
    assert await shown(actions, context, "set_resources", **web, limits={"memory": "1536Mi"}) == []
    (line,) = await shown(actions, context, "set_resources", **web, limits={"memory": "x2"})
    assert "1024Mi more of limits.memory, and this adds 2048Mi" in line


async def test_for_a_namespace_as_a_whole(server, context, actions, quota):
    for name in ("api", "web"):
        server.world.workload("deployment", name, replicas=1)
    quota({"pods": "4"}, {"pods": "2"})
    assert len(await shown(actions, context, "scale_all", replicas=3)) == 1
    assert await shown(actions, context, "scale_all", replicas=2) == []


async def test_for_the_lowest_count_of_an_autoscaler(server, context, actions, quota, web):
    server.world.workload("deployment", "web", replicas=2)
    server.world.autoscaler("web-hpa", "Deployment", "web")
    quota({"pods": "3"}, {"pods": "2"})
    assert await shown(actions, context, "scale", **web, by="+2", autoscaler="bounds")


async def test_for_the_pods_of_a_job(server, context, actions, quota):
    pod = {"containers": [{"name": "app", "image": "example/job:1"}], "restartPolicy": "Never"}
    quota({"pods": "1"})
    for parallel, short in ((1, False), (2, True)):
        job = {"spec": {"parallelism": parallel, "completions": 5, "template": {"spec": pod}}}
        assert bool(await shown(actions, context, "run_job", name="once", template=job)) == short


async def test_nothing_is_read_when_nothing_is_added(server, context, actions, web):
    server.world.workload("deployment", "web", replicas=2)
    assert await shown(actions, context, "scale", **web, replicas=1) == []
    assert not server.of("GET", "resourcequotas")
