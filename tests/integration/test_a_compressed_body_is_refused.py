"""A few compressed bytes could become very many: nothing is unpacked, and the sender is told what to do instead."""

import gzip
import zlib

import pytest
from fakes.front_door import opened

from remediator.interfaces.web.auth import Credentials

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")

BODY = b'{"alerts": []}'


@pytest.mark.parametrize(
    ("coding", "body"), [("gzip", gzip.compress(BODY)), ("deflate", zlib.compress(BODY)), ("gzip", BODY), ("br", BODY)], ids=["gzip", "deflate", "said only", "unknown"]
)
@pytest.mark.parametrize("path", ["/webhook", "/api/v1/alertmanager"])
async def test_with_415(store, path, coding, body):
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    async with opened(store) as door:
        assert await door.ask("POST", path, body, headers) == 415
        assert door.taken == []
        assert await door.ask("POST", path, BODY, headers | {"Content-Encoding": "identity"}) == 202


async def test_whoever_has_no_credential_is_told_only_that(store):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    async with opened(store, senders=Credentials(token="t0ken")) as door:
        assert await door.ask("POST", "/webhook", gzip.compress(BODY), headers) == 401
