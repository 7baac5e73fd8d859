from aiohttp import web
from fakes.small_server import serve


async def test_a_redirect_elsewhere_is_followed_as_a_stranger(connected, perform, tmp_path):
    (tmp_path / "token").write_text("top-secret\n")
    (tmp_path / "key").write_text("other-secret\n")
    async with serve(web.Response(text="there")) as other:

        async def away(request):
            raise web.HTTPFound(f"{other.url}/there")

        async with serve(away) as server:
            context = connected(
                "http", "shop", base_url=server.url, bearer_token_file=str(tmp_path / "token"),
                header_files={"X-Api-Key": str(tmp_path / "key")}, headers={"X-Tenant": "a"},
            )  # fmt: skip
            found = await perform("http.probe", context, connection="shop", path="/", follow_redirects=True)
    assert found.holds
    assert found.body == "there"
    assert found.url == f"{other.url}/there"
    assert server.requests[0].headers["Authorization"] == "Bearer top-secret"
    assert server.requests[0].headers["X-Api-Key"] == "other-secret"
    sent = str(other.requests[0].headers)
    assert "secret" not in sent
    assert "X-Tenant" not in sent


async def test_a_redirect_on_the_same_host_keeps_them(connected, perform, tmp_path):
    (tmp_path / "token").write_text("top-secret")

    async def once(request):
        if request.path == "/":
            raise web.HTTPTemporaryRedirect("/there")
        return web.Response(text=request.headers["Authorization"])

    async with serve(once) as server:
        context = connected("http", "shop", base_url=server.url, bearer_token_file=str(tmp_path / "token"))
        found = await perform("http.probe", context, connection="shop", path="/", follow_redirects=True)
    assert found.holds
    assert found.body == "Bearer [hidden]"


async def test_by_default_the_redirect_is_the_answer(context, perform):
    async with serve(web.Response(status=302, headers={"Location": "/there"})) as server:
        found = await perform("http.probe", context, url=server.url)
    assert (found.holds, found.status) == (False, 302)
    assert len(server.requests) == 1
