"""What carries credentials goes to the configured address only: no redirect is followed, no proxy variable of the
environment is heeded, no cookie is kept."""

import contextlib

import pytest
from aiohttp import web

from remediator.app.outside import make_session
from remediator.interfaces.posting import post_json

SECRET = {"Authorization": "Bearer t0ken"}


class Server:
    """A server that notes what it is asked."""

    def __init__(self):
        self.asked, self.cookies, self.port = [], [], 0
        self.status, self.headers = 200, {}

    async def answer(self, request):
        self.asked.append((request.method, request.path_qs, request.headers.get("Authorization", "")))
        self.cookies.append(dict(request.cookies))
        return web.Response(status=self.status, headers=self.headers, text="ok")

    @contextlib.asynccontextmanager
    async def running(self):
        runner = web.ServerRunner(web.Server(self.answer))
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.port = runner.addresses[0][1]
            yield self
        finally:
            await runner.cleanup()


@pytest.fixture
async def here():
    async with Server().running() as server:
        yield server


@pytest.fixture
async def elsewhere():
    async with Server().running() as server:
        yield server


@pytest.fixture
async def session():
    session = make_session()
    yield session
    await session.close()


async def posted(session, server):
    return await post_json(session, f"http://localhost:{server.port}/hook", {"text": "t"}, service="it", timeout=5, headers=SECRET)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(session, here, elsewhere, status):
    here.status, here.headers = status, {"Location": f"http://localhost:{elsewhere.port}/taken"}
    assert (await posted(session, here)).status == status
    here.headers = {"Location": "/other"}  # nor on the same host
    assert (await posted(session, here)).status == status
    assert here.asked == [("POST", "/hook", "Bearer t0ken")] * 2
    assert elsewhere.asked == []


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
async def test_no_proxy_of_the_environment_is_heeded(here, elsewhere, monkeypatch, name):
    for no in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(no, raising=False)
    monkeypatch.setenv(name, f"http://127.0.0.1:{elsewhere.port}")
    async with make_session() as session:
        assert (await posted(session, here)).status == 200
    assert (len(here.asked), elsewhere.asked) == (1, [])


async def test_no_password_of_the_machines_own_is_sent(here, monkeypatch, tmp_path):
    """A .netrc would be found by the same switch as proxies are."""
    (tmp_path / "netrc").write_text("machine localhost login ann password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with make_session() as session, session.get(f"http://localhost:{here.port}/x") as answer:
        assert answer.status == 200
    assert here.asked == [("GET", "/x", "")]


async def test_no_cookie_is_kept(session, here):
    here.headers = {"Set-Cookie": "who=ann; Path=/"}
    for _ in range(2):
        await posted(session, here)
    assert here.cookies == [{}, {}]
