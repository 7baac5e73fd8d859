import pytest

from remediator.errors import PermanentError, TemporaryError


@pytest.fixture
def logs(actions, context):
    async def logs(**values):
        action = actions["logs"]
        return await action.perform(action.parameters(**{"namespace": "shop", **values}), context)

    return logs


@pytest.fixture
def pods(server):
    """Make a deployment of two pods with a sidecar and an init container; give their names."""
    server.world.workload("deployment", "web")
    for pod in server.world.of("pods", "shop"):
        pod["spec"]["containers"].append({"name": "sidecar", "image": "x"})
        pod["spec"]["initContainers"] = [{"name": "app-init", "image": "x"}]
    return [pod["metadata"]["name"] for pod in server.world.of("pods", "shop")]


async def test_all_containers(server, logs, pods, web):
    server.answer("get", "pods/log", body=b"a line\n", media="text/plain")
    found = await logs(**web, all_containers=True, grep={"any": "line"})
    asked = [(seen.path.split("/")[-2], seen.query["container"]) for seen in server.of("GET", "/log")]
    assert asked == [(pod, name) for pod in pods for name in ("app-init", "app", "sidecar")]
    assert (found.counts, found.pods) == ({"any": 6}, tuple(pods))
    assert found.matched_by_pod == {pods[0]: 3, pods[1]: 3}


async def test_with_previous_only_those_that_were_restarted(server, logs, pods, web):
    pod = server.world.objects["pods", "shop", pods[1]]
    pod["status"]["containerStatuses"].append({"name": "sidecar", "restartCount": 2, "state": {}})
    server.log(pods[1], "panic", container="sidecar", previous=True)
    found = await logs(**web, all_containers=True, previous=True)
    assert (found.shown, found.pods) == (("panic",), (pods[1],))
    assert len(server.of("GET", "/log")) == 1


async def test_of_a_selector(server, logs, pods):
    server.world.workload("deployment", "api", replicas=1)
    for pod in server.world.of("pods", "shop"):
        server.log(pod["metadata"]["name"], f"of {pod['metadata']['labels']['app']}")
    assert (await logs(selector="app=web")).shown == ("of web", "of web")
    assert (await logs(selector="app in (api)")).shown == ("of api",)
    assert (await logs(selector="app=nobody")).pods == ()


async def test_a_node_that_is_away_does_not_hide_the_others(server, logs, pods, web):
    server.log(pods[1], "still here")
    server.fail("get", "pods/log", status=500, message="dial tcp 10.0.0.7:10250: no route to host", times=1)
    found = await logs(**web)
    assert (found.shown, found.pods) == (("still here",), (pods[1],))
    assert "no route to host" in found.unread[0].reason
    server.fail("get", "pods/log", status=500)
    with pytest.raises(TemporaryError):
        await logs(**web)


async def test_an_api_server_that_is_away_is_asked_once(server, logs, pods, web):
    server.drop("get", "pods/log")
    with pytest.raises(TemporaryError):
        await logs(**web)
    assert len({seen.path for seen in server.of("GET", "/log")}) == 1  # aiohttp may ask for the same once more


@pytest.mark.parametrize(
    "values",
    [{}, {"name": "a", "selector": "b=c"}, {"kind": "deployment", "selector": "b=c"}, {"name": "a", "container": "b", "all_containers": True}],
)  # fmt: skip
def test_one_choice_only(actions, values):
    with pytest.raises(ValueError, match=r"give either|leave out"):
        actions["logs"].parameters(namespace="shop", **values)


async def test_a_container_that_is_not_there(logs, pods, web):
    with pytest.raises(PermanentError, match="not valid"):
        await logs(**web, container="nope")
