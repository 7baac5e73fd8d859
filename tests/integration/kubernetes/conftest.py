import asyncio
import os
import shutil

import aiohttp
import pytest
from fakes.kubernetes_api import FakeKubernetes

from remediator.actions import registry
from remediator.actions.context import Clients, Context
from remediator.actions.kubernetes import Connection

NOON = 1_748_779_200_000_000  # 2025-06-01T12:00:00Z, when the pretended cluster's objects are made


@pytest.fixture(autouse=True)
def _no_authorities(monkeypatch):
    # Reading the machine's certificate authorities costs 50 ms a client; plain HTTP needs none.
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    monkeypatch.setenv("SSL_CERT_DIR", os.devnull)


@pytest.fixture
async def server():
    async with FakeKubernetes() as server:
        yield server


@pytest.fixture
async def connect(tmp_path):
    """Return a context whose connection ``default`` reaches this server."""
    sessions, clients = [], []

    def connect(server, *, now=NOON, token=None, **settings):
        settings.setdefault("kubeconfig", server.kubeconfig(tmp_path, token=token))
        sessions.append(aiohttp.ClientSession())
        clients.append(Clients())
        connections = {"kubernetes": {"default": Connection(**{"request_timeout": "5s"} | settings)}}
        return Context(session=sessions[-1], clients=clients[-1], connections=connections, now=now)

    yield connect
    for made in (*clients, *sessions):
        await made.close()


@pytest.fixture
async def context(connect, server):
    return connect(server)


@pytest.fixture
def actions():
    return {action.name.partition(".")[2]: action for action in registry.of_system("kubernetes").values()}


@pytest.fixture
def restart(actions):
    return actions["rollout_restart"]


@pytest.fixture
def scale(actions):
    return actions["scale"]


@pytest.fixture
def status(actions):
    return actions["rollout_status"]


@pytest.fixture
def web():
    """Name the deployment that most examples use."""
    return {"kind": "deployment", "name": "web", "namespace": "shop"}


@pytest.fixture
def kubectl(server, tmp_path):
    """Return a function that runs kubectl against the server and returns its exit code and words."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    config = server.kubeconfig(tmp_path)

    async def kubectl(*words):
        process = await asyncio.create_subprocess_exec(
            "kubectl", "--kubeconfig", str(config), "--cache-dir", str(tmp_path / "cache"), "-n", "shop", *words,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, "HOME": str(tmp_path)},
        )  # fmt: skip
        said, complaints = await process.communicate()
        return process.returncode, (said + complaints).decode()

    return kubectl


def template(**container):
    """Return a pod template of an init container, the container ``app`` (with these fields) and a sidecar."""
    app = {"name": "app", "image": "example/web:1", "resources": {}, **container}
    return {
        "metadata": {"labels": {"app": "web"}},
        "spec": {
            "initContainers": [{"name": "init", "image": "example/init:1", "resources": {}}],
            "containers": [app, {"name": "side", "image": "example/side:1", "resources": {}}],
        },
    }


@pytest.fixture
def made(server):
    """Return a function that makes the deployment ``web`` with these fields of its container ``app``."""

    def made(kind="deployment", *, sidecar=True, **container):
        pods = template(**container)
        if not sidecar:
            pods["spec"] = {"containers": pods["spec"]["containers"][:1]}
        return server.world.workload(kind, "web", template=pods)

    return made


@pytest.fixture
def app(server):
    """Return a function that gives the present container ``app`` of the workload ``web``."""

    def app(kind="deployment", name="app"):
        spec = server.world.objects[f"{kind}s", "shop", "web"]["spec"]["template"]["spec"]
        return next(item for item in spec["containers"] if item["name"] == name)

    return app
