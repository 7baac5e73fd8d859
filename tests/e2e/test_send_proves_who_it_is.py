"""``remediator send`` at a real door with a bcrypt user; no secret on a command line, none in what it says."""

import asyncio

import bcrypt
import yaml
from e2e.daemon import Site, command, start_daemon
from e2e.shop import shop_rules

WORD = "s3nders-word:ünd mehr"
AUTH = {"username": "alertmanager", "password_file": "word"}


async def test_by_user_or_http_config_and_not_otherwise(tmp_path, shop):
    users = {"alertmanager": bcrypt.hashpw(WORD.encode(), bcrypt.gensalt(4)).decode()}
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections, web={"webhook": {"basic_auth_users": users}})
    site.file("word", WORD + "\n")
    site.file("other", "an0ther-word\n")
    for name, config in {"right": AUTH, "wrong": AUTH | {"password_file": "other"}, "odd": WORD}.items():
        site.file(f"{name}.yml", yaml.safe_dump({"basic_auth": config}, allow_unicode=True))
    async with start_daemon(site) as daemon:

        async def send(*options):
            return await command(tmp_path, "send", "alertname=Other", "--url", daemon.url, *options)

        sent = await asyncio.gather(
            send("--http.config.file", "right.yml"), send("--user", "alertmanager", "--password-file", "word"),
            send("--http.config.file", "wrong.yml"), send(), send("--http.config.file", "odd.yml"),
            send("--user", "alertmanager"),
        )  # fmt: skip
        assert [code for code, _, _ in sent] == [0, 0, 1, 1, 1, 2]
        assert all("accepted" in out for _, out, _ in sent[:2])
        assert all("Unauthorized" in err for _, _, err in sent[2:4])
        assert not any(WORD in text for _, out, err in sent for text in (out, err))
