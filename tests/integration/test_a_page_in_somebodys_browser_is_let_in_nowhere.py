"""Where nobody logs in, whoever can make a browser on this machine ask us must not be heard: neither by another
origin's page, nor by a name that its owner lets point here, nor by a form."""

import pytest
from fakes.front_door import FORM, hashed, opened

from remediator.interfaces.web.auth import Credentials

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")

JSON = {"Content-Type": "application/json"}
ALERTS = b'{"alerts": []}'
PAUSE = b'{"scope": "global", "reason": "because"}'
FOREIGN = [
    {"Origin": "https://evil.example.com"},
    {"Origin": "null"},
    {"Origin": "http://localhost:3000"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Host": "evil.example.com"},
    {"Host": "127.0.0.1.evil.example.com:9095"},
]
OWN = [{}, {"Host": "localhost"}, {"Host": "[::1]:9095"}, {"Sec-Fetch-Site": "none"}]
DOORS = [
    ("POST", "/webhook", ALERTS, 202), ("POST", "/api/v1/alertmanager", ALERTS, 202), ("GET", "/api/v1/runs", None, 200),
    ("POST", "/api/v1/pause", PAUSE, 200), ("POST", "/-/reload", b"", 200), ("GET", "/metrics", None, 200),
]  # fmt: skip


@pytest.fixture
async def door(store):
    async with opened(store) as door:
        yield door


async def pauses(store):
    return await store.read(lambda tx: tx.all("SELECT scope FROM pause"))


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_it_is_refused(door, store, headers):
    for method, path, body, _ in DOORS:
        assert await door.ask(method, path, body, JSON | headers) == 403, path
    assert (door.taken, door.reloads, await pauses(store)) == ([], [], [])


@pytest.mark.parametrize("headers", OWN, ids=str)
async def test_who_calls_it_by_its_own_name_is_let_in(door, headers):
    for method, path, body, status in DOORS:
        assert await door.ask(method, path, body, JSON | headers) == status, path


@pytest.mark.parametrize("headers", [{"Content-Type": "text/plain"}, {"Content-Type": FORM}], ids=str)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/pause", PAUSE),
        ("/api/v1/resume", b'{"name": "global"}'),
        ("/api/v1/breakers/reset", b'{"name": "rule:a"}'),
        ("/api/v1/log-level", b'{"level": "debug"}'),
    ],
)
async def test_a_body_that_a_form_can_send_is_refused(door, store, path, body, headers):
    """A browser sends these types from any page without asking us first."""
    assert await door.ask("POST", path, body, headers) == 409
    assert await store.read(lambda tx: tx.all("SELECT what FROM audit")) == []


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_who_logs_in_may_come_from_anywhere(store, headers):
    """A page does not know the password; a proxy may have another name."""
    senders, operators = Credentials(token="t0ken"), Credentials({"ann": hashed("anns word")})
    async with opened(store, senders, operators) as door:
        sender = JSON | {"Authorization": "Bearer t0ken"} | headers
        operator = JSON | {"Authorization": "Basic YW5uOmFubnMgd29yZA=="} | headers
        assert await door.ask("POST", "/webhook", ALERTS, sender) == 202
        assert await door.ask("GET", "/api/v1/runs", None, operator) == 200
        for method, path, body, _ in DOORS:
            assert await door.ask(method, path, body, JSON | headers) == 401, path


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_each_door_looks_for_itself(store, headers):
    """That senders log in protects no operator's door, and the other way round."""
    async with opened(store, senders=Credentials(token="t0ken")) as door:
        assert await door.ask("GET", "/api/v1/runs", None, headers) == 403
    async with opened(store, operators=Credentials({"ann": hashed("anns word")})) as door:
        assert await door.ask("POST", "/webhook", ALERTS, JSON | headers) == 403


async def test_behind_a_proxy_that_asks_for_the_log_in_all_are_let_in(store):
    async with opened(store, open_door=True) as door:
        for method, path, body, status in DOORS:
            assert await door.ask(method, path, body, JSON | FOREIGN[0]) == status, path
