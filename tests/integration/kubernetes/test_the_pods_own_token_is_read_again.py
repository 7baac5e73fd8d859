import datetime as dt

from fakes.kubernetes_api import FakeKubernetes

from remediator.actions.kubernetes import Connection
from remediator.actions.kubernetes.api import Api, _Session
from remediator.actions.kubernetes.library import library


async def make(folder, server):
    """Read the service account from a folder, over plain HTTP: the loader by itself knows one place only."""
    parts = library()
    configuration = parts.configuration()
    loader_of = parts.load_incluster_config.__globals__["InClusterConfigLoader"]
    host, port = server.url.removeprefix("http://").split(":")
    environ = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    loader = loader_of(str(folder / "token"), str(folder / "ca.crt"), environ=environ)
    loader.load_and_set(configuration)
    configuration.host, configuration.ssl_ca_cert = server.url, None
    return loader, parts.api_client(configuration)


async def test_when_it_is_a_minute_old(tmp_path):
    (tmp_path / "ca.crt").write_text("x")
    (tmp_path / "token").write_text("first\n")
    async with FakeKubernetes(token="first") as server:
        server.world.workload("deployment", "web")
        loader, client = await make(tmp_path, server)
        api = Api("default", Connection())
        where = "/apis/apps/v1/namespaces/shop/deployments/web"
        try:
            api._session = _Session(client)
            assert (await api.get(where))["kind"] == "Deployment"
            (tmp_path / "token").write_text("second\n")  # the kubelet renewed it
            server.token = "second"
            loader.token_expires_at = dt.datetime(2020, 1, 1)  # noqa: DTZ001 -- the loader compares local times
            assert (await api.get(where))["kind"] == "Deployment"
            assert len(server.requests) == 2
        finally:
            await api.close()
