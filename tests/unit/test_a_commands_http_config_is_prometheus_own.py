import asyncio
from base64 import b64encode

import pytest
from fakes.authority import Authority, serving

from remediator.cli.client import Daemon, DaemonError
from remediator.cli.http_config import read_http_config
from remediator.errors import ConfigurationError

BASIC = "Basic " + b64encode("me:wörd".encode()).decode()


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("basic_auth: {username: me, password_file: secret}", BASIC),
        ("basic_auth: {username: me, password: wörd}", BASIC),
        ("authorization: {credentials_file: secret}", "Bearer wörd"),
        ("authorization: {type: Token, credentials: abc}", "Token abc"),
        ("bearer_token_file: secret", "Bearer wörd"),
        ("tls_config: {insecure_skip_verify: true}", None),
    ],
)
def test_each_way(tmp_path, text, header):
    (tmp_path / "secret").write_text("wörd\n")
    (tmp_path / "http.yml").write_text(text)
    assert read_http_config(tmp_path / "http.yml").headers.get("Authorization") == header


@pytest.mark.parametrize(
    "text",
    [
        "basic_auth: {username: me}",
        "basic_auth: {username: me, password: n0t-shown, password_file: secret}",
        "basic_auth: n0t-shown",
        "authorization: {type: Basic, credentials: n0t-shown}",
        "{bearer_token: n0t-shown, bearer_token_file: secret}",
        "bearer_token_file: gone",
        "bearer_token_file: two",
        "pasword: n0t-shown",
        "tls_config: {cert_file: secret}",
        "tls_config: {ca_file: secret}",
        "proxy_url: http://x/",
        "bearer_token: !x n0t-shown",
    ],
)
def test_what_is_wrong_is_told_without_secrets(tmp_path, text):
    (tmp_path / "secret").write_text("wörd\n")
    (tmp_path / "two").write_text("n0t-shown\nn0t-shown\n")
    (tmp_path / "http.yml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        read_http_config(tmp_path / "http.yml")
    assert "n0t-shown" not in str(caught.value)


async def test_the_authorities_of_the_file_are_trusted_and_no_others(tmp_path):
    authority = Authority(tmp_path)
    (tmp_path / "http.yml").write_text(f"tls_config: {{ca_file: {authority.file.name}}}")
    trust = read_http_config(tmp_path / "http.yml").trust
    async with serving(authority.server("localhost")) as port:
        url = f"https://localhost:{port}"
        assert await asyncio.to_thread(Daemon(url, "", None, trust).call, "GET", "/") == "ok"
        with pytest.raises(DaemonError, match="certificate"):
            await asyncio.to_thread(Daemon(url, "", None).call, "GET", "/")
