import asyncio
import json
import os
import shutil

import pytest
from fakes.kubernetes_changes import cron_job
from fakes.kubernetes_looks import node
from msgspec.structs import replace

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


@pytest.fixture
def kubectl(server, tmp_path):
    """Return a function that runs kubectl against the server; it must succeed; its words come back."""
    config = server.kubeconfig(tmp_path)

    async def kubectl(*words):
        process = await asyncio.create_subprocess_exec(
            "kubectl", "--kubeconfig", str(config), "--cache-dir", str(tmp_path / "cache"), "-n", "shop", *words,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, "HOME": str(tmp_path)},
        )  # fmt: skip
        said, complaints = await process.communicate()
        assert not process.returncode, (said + complaints).decode()
        return said.decode()

    return kubectl


@pytest.mark.parametrize("verb", ["cordon", "uncordon"])
async def test_cordoning(server, context, actions, kubectl, verb):
    for name in ("n1", "n2"):
        node(server.world, name)
        server.world.objects["nodes", "", name]["spec"] = {"unschedulable": True} if verb == "uncordon" else {}
    await kubectl(verb, "n1")
    await actions[verb].perform(actions[verb].parameters(node="n2"), context)
    theirs, ours = server.of("PATCH")
    assert ours.path == theirs.path.replace("n1", "n2")
    assert (ours.media, ours.json) == (theirs.media, theirs.json)


async def test_draining(server, context, actions, kubectl):
    world = server.world
    for name in ("n1", "n2"):
        node(world, name)
    world.workload("statefulset", "web", replicas=2)
    world.workload("daemonset", "agent")
    for name in ("n1", "n2"):
        for index, pod in enumerate(world.of("pods", "shop")):
            pod["spec"]["nodeName"] = name if index else "n3"
        server.requests.clear()
        if name == "n1":
            await kubectl("drain", "n1", "--ignore-daemonsets", "--grace-period=5", "--timeout=10s")
            theirs = list(server.requests)
        else:
            await actions["drain"].perform(actions["drain"].parameters(node="n2", grace_period=5), context)

    def changes(requests):
        return [seen for seen in requests if seen.method != "GET"]

    def evictions(requests):
        return {(seen.path, seen.media) for seen in changes(requests) if seen.method == "POST"}

    assert evictions(server.requests) == evictions(theirs) != set()
    assert changes(server.requests)[0].json == changes(theirs)[0].json == {"spec": {"unschedulable": True}}
    # kubectl evicts side by side, in no order.
    ours, reference = (
        min(changes(requests)[1:], key=lambda seen: seen.path).json for requests in (server.requests, theirs)
    )
    reference["metadata"].pop("creationTimestamp", None)
    assert ours.pop("deleteOptions") == {**reference.pop("deleteOptions"), "preconditions": {"uid": ANY}}
    assert ours == reference


async def test_a_job_of_a_cron_job(server, context, actions, kubectl):
    cron_job(server.world, "nightly")
    # It posts protobuf; what it would post it prints as JSON.
    wanted = json.loads(await kubectl("create", "job", "x", "--from=cronjob/nightly", "--dry-run=client", "-o", "json"))
    run_job = actions["run_job"]
    step = replace(context, key="a")
    await run_job.perform(run_job.parameters(namespace="shop", cron_job="nightly", ttl="1h"), step)
    (post,) = server.of("POST")
    assert post.path == "/apis/batch/v1/namespaces/shop/jobs"
    made = post.json
    for job in (wanted, made):
        job["metadata"] = {key: value for key, value in job["metadata"].items() if key not in ("name", "namespace", "creationTimestamp")}
        job.pop("status", None)
    assert made["spec"].pop("ttlSecondsAfterFinished") == 3600
    assert made["metadata"]["annotations"].pop("remediator/step")
    assert without_nulls(made) == without_nulls(wanted)


async def test_apply(server, context, actions, kubectl, tmp_path):
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "flags"}, "data": {"beta": "on"}}
    file = tmp_path / "flags.json"
    file.write_text(json.dumps(manifest))
    await kubectl("apply", "--server-side", "--validate=false", "-f", str(file))
    await actions["apply"].perform(actions["apply"].parameters(namespace="shop", manifest=manifest, force=True), context)
    theirs, ours = server.of("PATCH")
    assert (ours.path, ours.media) == (theirs.path, theirs.media)
    assert ours.json == theirs.json
    assert set(theirs.query) <= set(ours.query)


class _Any:
    def __eq__(self, other):
        return bool(other)

    __hash__ = None


ANY = _Any()


def without_nulls(value):
    """Leave out what kubectl's encoder writes as empty."""
    if isinstance(value, dict):
        kept = {key: without_nulls(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, {}, [])}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value
