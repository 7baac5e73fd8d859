import shutil

import pytest
from aiohttp import web
from fakes.small_server import certificate, serve

from remediator.errors import TemporaryError

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


async def test_tls(context, connected, perform, tmp_path):
    tls, ca = certificate(tmp_path)
    async with serve(web.Response(text="hello"), tls=tls) as server:
        with pytest.raises(TemporaryError, match="certificate is refused") as caught:
            await perform("http.request", context, url=server.url)
        assert caught.value.transport
        finding = await perform("http.probe", context, url=server.url)
        assert not finding.holds
        assert "certificate is refused" in finding.reason

        assert (await perform("http.probe", context, url=server.url, ca_file=str(ca))).holds
        assert (await perform("http.probe", context, url=server.url, tls_verify=False)).holds
        by_name = connected("http", "shop", base_url=server.url, ca_file=str(ca))
        assert (await perform("http.request", by_name, connection="shop", path="/")).status == 200

        # What was trusted for one step is not for the next.
        assert not (await perform("http.probe", context, url=server.url)).holds
