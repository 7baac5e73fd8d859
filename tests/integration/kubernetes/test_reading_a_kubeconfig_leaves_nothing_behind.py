import base64
import json
import os
import ssl
import sys
import tempfile
from pathlib import Path

import pytest
from fakes.authority import Authority
from fakes.kubernetes_api import FakeKubernetes

from remediator.actions.kubernetes.api import open_api
from remediator.actions.kubernetes.connection import make_client
from remediator.errors import PermanentError, TemporaryError

VERSION = "client.authentication.k8s.io/v1"
TIMES = 3


def data(content):
    return base64.b64encode(content).decode()


def descriptors():
    return sorted(Path("/proc/self/fd").iterdir())


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Return the directory where temporary files would be made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
async def strict(authority):
    """A server that speaks only to clients with a certificate of the authority."""
    tls = authority.server("127.0.0.1")
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(authority.file)
    async with FakeKubernetes(tls=tls) as server:
        server.world.workload("deployment", "web")
        yield server


def inline(authority, tmp_path):
    """A user whose certificate stands in the kubeconfig."""
    certificate, key = authority.client("tester")
    return {"client-certificate-data": data(certificate), "client-key-data": data(key)}


def plugin(authority, tmp_path):
    """A user whose plug-in gives the next certificate each time."""
    for number in range(1, TIMES + 2):
        certificate, key = (part.decode() for part in authority.client("tester"))
        status = {"clientCertificateData": certificate, "clientKeyData": key}
        credential = {"apiVersion": VERSION, "kind": "ExecCredential", "status": status}
        (tmp_path / f"credential-{number}").write_text(json.dumps(credential))
    program = tmp_path / "plugin"
    program.write_text(f'#!/bin/sh\necho >> {tmp_path}/runs\ncat "{tmp_path}/credential-$(wc -l < {tmp_path}/runs)"\n')
    program.chmod(0o755)
    return {"exec": {"apiVersion": VERSION, "command": str(program), "interactiveMode": "Never"}}


@pytest.fixture(params=[inline, plugin])
def kubeconfig(request, strict, authority, tmp_path):
    config = json.loads(strict.kubeconfig(tmp_path).read_text())
    config["clusters"][0]["cluster"]["certificate-authority-data"] = data(authority.file.read_bytes())
    config["users"][0]["user"] = request.param(authority, tmp_path)
    file = tmp_path / "inline.json"
    file.write_text(json.dumps(config))
    return file


@pytest.fixture(params=["in memory", "without a memory for files"])
def place(request, monkeypatch):
    """Where the files are made: other systems than Linux have none in memory."""
    if request.param != "in memory":
        monkeypatch.delattr(os, "memfd_create", raising=False)


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in /proc")
async def test_however_often(strict, connect, kubeconfig, temporary, place, status, web):
    context = connect(strict, kubeconfig=kubeconfig)
    connection = context.connections["kubernetes"]["default"]
    assert (await status.perform(status.parameters(**web), context)).holds
    before = descriptors()
    for _ in range(TIMES):
        client = await make_client("default", connection)
        assert list(temporary.iterdir()) == []  # while the client lives
        await client.close()
    assert descriptors() == before


async def test_so_nobody_misses_it_who_reads_it_anew(strict, connect, kubeconfig, temporary, status, web):
    context = connect(strict, kubeconfig=kubeconfig)
    assert (await status.perform(status.parameters(**web), context)).holds
    for file in temporary.iterdir():  # as those do who tidy up after some days
        file.unlink()
    strict.fail("get", "deployments", status=401, times=1)
    with pytest.raises(TemporaryError, match="401"):
        await status.perform(status.parameters(**web), context)
    assert (await status.perform(status.parameters(**web), context)).holds
    assert (await open_api(context, "default"))._session.users == 0


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in /proc")
async def test_nor_when_it_is_of_no_use(strict, connect, kubeconfig, temporary, place, tmp_path):
    config = json.loads(kubeconfig.read_text())
    config["clusters"][0]["cluster"]["certificate-authority-data"] = data(b"no certificate")
    kubeconfig.write_text(json.dumps(config))
    connection = connect(strict, kubeconfig=kubeconfig).connections["kubernetes"]["default"]
    before = descriptors()
    with pytest.raises(PermanentError, match="cannot use"):
        await make_client("default", connection)
    assert list(temporary.iterdir()) == []
    assert descriptors() == before
