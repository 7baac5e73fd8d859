import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediator.actions.answers.lines import Tally
from remediator.errors import PermanentError, TemporaryError


@pytest.fixture
def logs(actions):
    return actions["logs"]


@pytest.fixture
def pods(server):
    """Make a deployment with three pods; give their names."""
    server.world.workload("deployment", "web", replicas=3)
    return [pod["metadata"]["name"] for pod in server.world.of("pods", "shop")]


async def test_of_one_pod(server, context, logs, pods):
    server.log(pods[0], "started", "GET / 200", "OutOfMemoryError: heap", "GET / 500", "timeout after 3s")
    p = logs.parameters(name=pods[0], namespace="shop", grep={"oom": "OutOfMemory", "bad": r" 5\d\d$|timeout"})
    found = await logs.perform(p, context)
    assert found.counts == {"oom": 1, "bad": 2}
    assert (found.lines, found.matched) == (5, 3)
    assert found.shown == ("OutOfMemoryError: heap", "GET / 500", "timeout after 3s")
    assert found.pods == (pods[0],)
    assert found.complete


async def test_of_a_workloads_pods_those_in_trouble_first(server, context, logs, pods, web):
    for number, pod in enumerate(server.world.of("pods", "shop")):
        server.log(pod["metadata"]["name"], f"line of {number}")
        pod["status"]["containerStatuses"][0]["restartCount"] = number
    found = await logs.perform(logs.parameters(**web, pods=2), context)
    assert found.pods == (pods[2], pods[1])
    assert found.shown == ("line of 2", "line of 1")
    assert not found.complete


async def test_the_end_of_the_log_and_what_is_new(server, context, logs, pods):
    server.log(pods[0], "old", ago=3600)
    server.log(pods[0], "a", "b", "c", ago=5)
    p = logs.parameters(name=pods[0], namespace="shop", tail=2)
    assert (await logs.perform(p, context)).shown == ("b", "c")
    p = logs.parameters(name=pods[0], namespace="shop", since="1m")
    assert (await logs.perform(p, context)).shown == ("a", "b", "c")


async def test_the_run_before_the_last_restart(server, context, logs, pods, web):
    server.world.of("pods", "shop")[1]["status"]["containerStatuses"][0]["restartCount"] = 1
    server.log(pods[1], "panic: nil pointer", previous=True)
    found = await logs.perform(logs.parameters(**web, previous=True, grep={"panic": "^panic:"}), context)
    assert found.pods == (pods[1],)
    assert found.counts == {"panic": 1}


async def test_no_restart_means_no_earlier_run(server, context, logs, pods, web):
    found = await logs.perform(logs.parameters(**web, previous=True), context)
    assert (found.pods, found.lines) == ((), 0)
    with pytest.raises(PermanentError, match="previous terminated container"):
        await logs.perform(logs.parameters(name=pods[0], namespace="shop", previous=True), context)


async def test_the_container_is_chosen_as_kubectl_does(server, context, logs, pods):
    pod = server.world.objects["pods", "shop", pods[0]]
    pod["spec"]["containers"].append({"name": "sidecar", "image": "x"})
    server.log(pods[0], "of the app")
    server.log(pods[0], "of the sidecar", container="sidecar")
    names = {"name": pods[0], "namespace": "shop"}
    assert (await logs.perform(logs.parameters(**names), context)).shown == ("of the app",)
    assert (await logs.perform(logs.parameters(**names, container="sidecar"), context)).shown == ("of the sidecar",)
    pod["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": "sidecar"}
    assert (await logs.perform(logs.parameters(**names), context)).shown == ("of the sidecar",)
    with pytest.raises(PermanentError, match="container nope is not valid"):
        await logs.perform(logs.parameters(**names, container="nope"), context)


async def test_a_pod_without_a_log_does_not_hide_the_others(server, context, logs, pods, web):
    stuck = server.world.objects["pods", "shop", pods[0]]
    stuck["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "ImagePullBackOff"}}
    found = await logs.perform(logs.parameters(**web), context)
    assert found.pods == (pods[1], pods[2])
    ((pod, reason),) = [(item.pod, item.reason) for item in found.unread]
    assert pod == pods[0]
    assert "waiting to start: ImagePullBackOff" in reason


async def test_no_log_at_all_is_an_error(server, context, logs, pods, web):
    server.fail("get", "pods/log", status=403)
    with pytest.raises(PermanentError, match="403"):
        await logs.perform(logs.parameters(**web), context)
    server.heal()
    server.fail("get", "pods/log", status=503)
    with pytest.raises(TemporaryError):
        await logs.perform(logs.parameters(**web), context)


async def test_bytes_are_capped_even_if_the_server_sends_more(server, context, logs, pods, web):
    server.answer("get", "pods/log", body=(b"x" * 99 + b"\n") * 500, media="text/plain")
    found = await logs.perform(logs.parameters(**web, max_bytes=1024), context)
    assert found.bytes == 1024
    assert found.pods == (pods[0],)
    assert not found.complete
    assert [len(line) for line in found.shown] == [99] * 10 + [24]
    assert server.of("GET", "/log")[0].query["limitBytes"] == "1024"


async def test_hostile_bytes_become_plain_text(server, context, logs, pods):
    server.answer("get", "pods/log", body=b"\xff\xfe\x00\x1b[31mred\tend\r\n", media="text/plain")
    (line,) = (await logs.perform(logs.parameters(name=pods[0], namespace="shop"), context)).shown
    assert line == "\ufffd\ufffd  [31mred end"


@pytest.mark.parametrize(
    "grep", [{"a": "("}, {"a": r"(?=x)"}, {"a": ""}, {"a b": "x"}, {"a": "x" * 501}, {f"a{n}": "x" for n in range(11)}]
)
def test_patterns_are_checked_before_anything_is_asked(logs, grep):
    with pytest.raises(ValueError, match="grep"):
        logs.parameters(name="web", namespace="shop", grep=grep)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_where_the_parts_end_does_not_matter(content, cuts):
    whole, parts = Tally({"a": "a"}, 50), Tally({"a": "a"}, 50)
    whole.feed(content)
    places = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    for start, end in itertools.pairwise(places):
        parts.feed(content[start:end])
    whole.end()
    parts.end()
    assert (parts.lines, parts.counts, parts.kept) == (whole.lines, whole.counts, whole.kept)


def test_a_line_without_end_is_not_hoarded():
    tally = Tally({"late": "needle"}, 5)
    for _ in range(100):
        tally.feed(b"x" * 1000)
        assert len(tally._rest) <= 8192
    tally.feed(b"needle\nneedle\n")
    assert (tally.lines, tally.counts) == (2, {"late": 1})
