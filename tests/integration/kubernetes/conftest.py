import os

import aiohttp
import pytest
from fakes.kubernetes_api import FakeKubernetes

from remediator.actions.context import Clients, Context
from remediator.actions.kubernetes import ACTIONS, Connection

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
    return {action.name.partition(".")[2]: action for action in ACTIONS}


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
