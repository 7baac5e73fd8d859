import asyncio
import os
import shutil

import pytest
from fakes.kubernetes_looks import Program, measure, node, revision

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


@pytest.fixture
def kubectl(server, tmp_path):
    """Return a function that runs kubectl against the server and returns its exit code and words."""
    config = server.kubeconfig(tmp_path)

    async def kubectl(*words):
        process = await asyncio.create_subprocess_exec(
            "kubectl", "--kubeconfig", str(config), "--cache-dir", str(tmp_path / "cache"), "-n", "shop", *words,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, "HOME": str(tmp_path)},
        )  # fmt: skip
        said, complaints = await process.communicate()
        return process.returncode, (said + complaints).decode()

    return kubectl


@pytest.fixture
def asked(server):
    """Return what was asked since the last call: method, path and selectors; not what kubectl finds out beforehand."""

    def asked():
        seen = [each for each in server.requests if len(each.path.split("/")) > 4 or each.path == "/api/v1/pods"]
        server.requests.clear()
        kept = ("labelSelector", "fieldSelector", "container", "tailLines", "sinceSeconds", "previous", "stdout", "stderr")
        found = [(each.method, each.path, {key: each.query[key] for key in kept if key in each.query}) for each in seen]
        return sorted(found, key=str)

    return asked


@pytest.fixture
def ours(actions, context, web):
    async def ours(action, /, **values):
        action = actions[action]
        return await action.perform(action.parameters(**values), context)

    return ours


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset"])
async def test_rollout_history(server, kubectl, asked, ours, kind):
    workload = server.world.workload(kind, "web")
    if not server.world.of("controllerrevisions", "shop") and kind != "deployment":
        revision(server.world, workload, 1, "example/web:1")
    code, words = await kubectl("rollout", "history", f"{kind}/web")
    assert not code, words
    theirs = asked()
    found = await ours("rollout_history", kind=kind, name="web", namespace="shop")
    mine = asked()
    assert len(theirs) >= 2
    assert all(request in mine for request in theirs if request[1].endswith(("web", "revisions", "replicasets")))
    assert [line.split()[0] for line in words.splitlines() if line[:1].isdigit()] == [
        str(each.revision) for each in reversed(found.revisions)
    ]


async def test_logs_of_a_selector(server, kubectl, asked, ours):
    server.world.workload("deployment", "web")
    for pod in server.world.of("pods", "shop"):
        server.log(pod["metadata"]["name"], "one", "two", "three")
    code, words = await kubectl("logs", "-l", "app=web", "--tail=2", "--since=1h", "--container=app")
    assert not code, words
    theirs = asked()
    found = await ours("logs", namespace="shop", selector="app=web", tail=2, since="1h", container="app")
    assert asked() == theirs
    assert sorted(found.shown) == sorted(words.splitlines())


async def test_logs_of_the_run_before(server, kubectl, asked, ours):
    server.world.workload("deployment", "web", replicas=1)
    (pod,) = server.world.of("pods", "shop")
    server.log(pod["metadata"]["name"], "panic", previous=True)
    code, words = await kubectl("logs", pod["metadata"]["name"], "--previous", "--tail=5", "--container=app")
    assert not code, words
    theirs = asked()
    found = await ours("logs", name=pod["metadata"]["name"], namespace="shop", previous=True, tail=5, container="app")
    assert asked() == theirs
    assert found.shown == ("panic",)


async def test_top(server, kubectl, asked, ours):
    node(server.world, "node-1")
    server.world.workload("deployment", "web")
    measure(server.world, cpu="150m", memory="96Mi")
    code, words = await kubectl("top", "pods", "-l", "app=web")
    assert not code, words
    theirs = asked()
    found = await ours("top", namespace="shop", selector="app=web")
    mine = asked()
    assert theirs
    assert all(request in mine for request in theirs)
    rows = {line.split()[0]: line.split()[1:] for line in words.splitlines()[1:]}
    assert rows == {
        pod.name: [f"{pod.cpu * 1000:.0f}m", f"{pod.memory / 2**20:.0f}Mi"] for pod in found.top
    }


async def test_what_a_node_is_asked_for(server, kubectl, asked, ours):
    node(server.world, "node-1")
    server.world.workload("deployment", "web")
    for pod in server.world.of("pods", "shop"):
        pod["spec"] |= {"nodeName": "node-1"}
        pod["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "500m", "memory": "1Gi"}}
    code, words = await kubectl("describe", "node", "node-1")
    assert not code, words
    (pods,) = [request for request in asked() if request[1] == "/api/v1/pods"]
    found = (await ours("nodes", name="node-1")).worst[0]
    (mine,) = [each for each in server.requests if each.path == "/api/v1/pods"]
    assert sorted(mine.query["fieldSelector"].split(",")) == sorted(pods[2]["fieldSelector"].split(","))
    assert f"cpu                1 ({found.cpu_requested:.0%})" in words
    assert f"memory             2Gi ({found.memory_requested:.0%})" in words


async def test_exec(server, kubectl, connect, actions):
    server.world.workload("deployment", "web", replicas=1)
    (pod,) = server.world.of("pods", "shop")
    server.programs = lambda _argv, _container: Program(messages=[(1, b"out\n"), (2, b"err\n")], code=3)
    name = pod["metadata"]["name"]
    code, words = await kubectl("exec", name, "--container=app", "--", "check", "--deep", "a b")
    assert code == 3, words
    assert {"out", "err"} <= set(words.splitlines())
    context = connect(server, exec={"check": {"argv": ["check", "--deep", "a b"], "read_only": True}})
    action = actions["exec"]
    found = await action.perform(action.parameters(command="check", name=name, namespace="shop"), context)
    assert found.exit_code == 3
    theirs, ours = server.execs
    assert ours[:3] == theirs[:3]
    assert theirs[3].split(",")[0].strip() == ours[3].split(",")[0].strip() == "v5.channel.k8s.io"
