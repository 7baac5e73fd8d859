"""Without a credential a page in a browser posts no alerts: 403, and the count of answers says so."""

from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from remediator.engine.path import Accepted
from remediator.interfaces.web.auth import Credentials
from remediator.interfaces.web.server import make_application
from remediator.interfaces.web.webhook import Webhook

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")
BODY = {"version": "4", "status": "firing", "receiver": "r", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "", "groupKey": "g", "truncatedAlerts": 0, "alerts": []}  # fmt: skip


@pytest.fixture
async def door():
    codes = []

    async def receive(_arrived):
        return Accepted("n1", ())

    async def reject(*_):
        pass

    async def unused(_request):
        raise AssertionError

    webhook = Webhook(receive, reject, Credentials(), SimpleNamespace(received=lambda code, *_: codes.append(code)))
    operate = SimpleNamespace(**dict.fromkeys(("healthy", "is_ready", "health", "reload", "metrics"), unused))
    application = make_application(webhook, operate, SimpleNamespace(routes=list), Credentials(), 1 << 20)
    async with TestServer(application) as server, aiohttp.ClientSession() as session:
        yield SimpleNamespace(url=server.make_url("/api/v1/alertmanager"), post=session.post, codes=codes)


@pytest.mark.parametrize("headers", [{"Origin": "http://localhost"}, {"Host": "made-up.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_a_page_is_turned_away(door, headers):
    async with door.post(door.url, json=BODY, headers=headers) as answer:
        assert answer.status == 403
    assert door.codes == [403]


async def test_alertmanager_is_let_in_and_counted_once(door):
    async with door.post(door.url, json=BODY) as answer:
        assert answer.status == 202
    assert door.codes == [202]
