import asyncio
import os
import re
import shutil

import pytest

ANNOTATION = "kubectl.kubernetes.io/restartedAt"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)"  # kubectl writes the machine's own zone

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


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset"])
async def test_rollout_restart(server, context, restart, kubectl, kind):
    server.world.workload(kind, "web")
    code, complaints = await kubectl("rollout", "restart", f"{kind}/web")
    assert not code, complaints
    await restart.perform(restart.parameters(kind=kind, name="web", namespace="shop"), context)
    theirs, ours = server.of("PATCH")
    assert (ours.path, ours.media) == (theirs.path, theirs.media)
    assert set(theirs.query) == {"fieldManager"} == set(ours.query)
    for seen in (theirs, ours):
        assert re.fullmatch(TIME, seen.json["spec"]["template"]["metadata"]["annotations"][ANNOTATION])
    theirs_elsewhere, ours_elsewhere = (
        re.sub(TIME, "", seen.body.decode().replace(" ", "")) for seen in (theirs, ours)
    )
    assert ours_elsewhere == theirs_elsewhere


@pytest.mark.parametrize("kind", ["deployment", "statefulset"])
async def test_scale_but_for_the_precondition(server, context, scale, kubectl, kind):
    server.world.workload(kind, "web", replicas=2)
    code, complaints = await kubectl("scale", f"{kind}/web", "--replicas=4")
    assert not code, complaints
    await scale.perform(scale.parameters(kind=kind, name="web", namespace="shop", replicas=5), context)
    theirs, ours = server.of("PATCH")
    assert (ours.path, ours.media) == (theirs.path, theirs.media)
    assert theirs.json == {"spec": {"replicas": 4}}
    assert ours.json["spec"] == {"replicas": 5}
    assert set(ours.json) == {"spec", "metadata"}
    assert set(ours.json["metadata"]) == {"resourceVersion"}


async def test_a_paused_deployment_is_refused_by_both(server, restart, kubectl):
    server.world.workload("deployment", "web", paused=True)
    code, complaints = await kubectl("rollout", "restart", "deployment/web")
    assert code
    assert "can't restart paused deployment" in complaints
    assert not server.of("PATCH")


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset"])
async def test_rollout_status_agrees(server, context, actions, kubectl, kind):
    status, restart = actions["rollout_status"], actions["rollout_restart"]
    server.world.workload(kind, "web")
    names = {"kind": kind, "name": "web", "namespace": "shop"}
    code, complaints = await kubectl("rollout", "status", f"{kind}/web", "--watch=false")
    assert not code, complaints
    assert (await status.perform(status.parameters(**names), context)).holds
    server.world.controllers = "manual"
    await restart.perform(restart.parameters(**names), context)
    _, words = await kubectl("rollout", "status", f"{kind}/web", "--watch=false")
    assert words.startswith("Waiting for")
    assert not (await status.perform(status.parameters(**names), context)).holds
