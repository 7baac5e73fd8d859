import base64

import pytest
from aiohttp import web
from fakes.small_server import serve
from pydantic import ValidationError

from remediator.actions import registry
from remediator.errors import PermanentError


async def echo(request):
    return web.json_response(dict(request.headers), status=int(request.query.get("status", "200")))


async def test_a_rotated_token_counts_at_once(connected, perform, tmp_path):
    token = tmp_path / "token"
    async with serve(echo) as server:
        context = connected("http", "shop", base_url=server.url, bearer_token_file=str(token))
        for text in ("first-token\n", "second-token"):
            token.write_text(text)
            await perform("http.request", context, connection="shop", path="/")
    sent = [request.headers["Authorization"] for request in server.requests]
    assert sent == ["Bearer first-token", "Bearer second-token"]


async def test_what_a_service_echoes_is_hidden(connected, perform, tmp_path):
    (tmp_path / "password").write_text("hunter22\n")
    (tmp_path / "key").write_text("key-4711")
    encoded = base64.b64encode(b"me:hunter22").decode()
    basic = {"username": "me", "password_file": str(tmp_path / "password")}
    files = {"X-Key": str(tmp_path / "key")}
    async with serve(echo) as server:
        context = connected("http", "shop", base_url=server.url, basic_auth=basic, header_files=files)
        found = await perform("http.request", context, connection="shop", path="/")
        with pytest.raises(PermanentError) as caught:
            await perform("http.request", context, connection="shop", path="/?status=400")
        seen = await perform("http.probe", context, connection="shop", path="/", json={"path": "$"})
    assert server.requests[0].headers["Authorization"] == f"Basic {encoded}"
    assert server.requests[0].headers["X-Key"] == "key-4711"
    for text in (found.model_dump_json(), str(caught.value), seen.model_dump_json()):
        assert "hidden" in text
        assert not any(secret in text for secret in ("hunter22", "key-4711", encoded))


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines", b"\xff\xfe\x00", b"x" * 20_000, b"a\x00b"])
async def test_a_file_without_one_line_is_refused(content, connected, perform, tmp_path):
    (tmp_path / "token").write_bytes(content)
    context = connected("http", "shop", base_url="http://127.0.0.1:1", bearer_token_file=str(tmp_path / "token"))
    with pytest.raises(PermanentError, match="the secret in") as caught:
        await perform("http.request", context, connection="shop", path="/")
    assert "two" not in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"base_url": "http://u:p@h/"}, {"base_url": "http://h/?a=1"}, {"base_url": "h:80"}, {},
        {"base_url": "http://h", "bearer_token_file": "/a", "basic_auth": {"username": "a", "password_file": "/b"}},
        {"base_url": "http://h", "basic_auth": {"username": "a:b", "password_file": "/b"}},
        {"base_url": "http://h", "headers": {"Authorization": "Bearer x"}}, {"base_url": "http://h", "token": "x"},
    ],
)  # fmt: skip
def test_a_connection_that_is_wrong_is_refused(fields):
    with pytest.raises(ValidationError):
        registry.connection_model("http").model_validate(fields)
