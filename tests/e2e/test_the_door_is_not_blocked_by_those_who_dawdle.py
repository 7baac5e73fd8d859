"""Slow heads, slow bodies, idle connections and wrong passwords at the real daemon's door."""

import asyncio
from base64 import b64encode

import bcrypt
from e2e.daemon import Site, basic, notification, start_daemon
from e2e.shop import shop_rules

ALERT = notification([{"alertname": "Other"}])


async def test_each_is_sent_away_and_the_others_are_served(tmp_path, shop):
    users = {"am": bcrypt.hashpw(b"right word", bcrypt.gensalt(4)).decode()}
    web = {"webhook": {"basic_auth_users": users}, "idle_timeout": "500ms", "read_timeout": "500ms"}
    site = Site.make(tmp_path, shop_rules(), connections=shop.connections, web=web)
    async with start_daemon(site) as daemon:
        host, _, port = daemon.url.removeprefix("http://").partition(":")
        right = b64encode(b"am:right word")

        async def said(*parts):
            """Return all that is answered to these bytes until the connection is closed."""
            reader, writer = await asyncio.open_connection(host, int(port))
            try:
                for part in parts:
                    writer.write(part)
                    await asyncio.sleep(0.1)
                return await asyncio.wait_for(reader.read(), 10)
            except ConnectionError:
                return b""
            finally:
                writer.close()

        post = b"POST /webhook HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic %b\r\nContent-Length: 1000\r\n\r\n"
        pause = b"POST /api/v1/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"
        answers = await asyncio.gather(
            said(), said(b"GET /-/ready HT"), said(b"GET /-/ready HTTP/1.1\r\n", *[b"X: y\r\n"] * 8),
            said(b"GET /-/ready HTTP/1.1\r\nHost: x\r\n\r\n"), said(post % right, b"{", b"}"), said(pause),
        )  # fmt: skip
        assert answers[:3] == [b""] * 3
        assert [answer.split()[1] for answer in answers[3:]] == [b"200", b"503", b"408"]  # Alertmanager sends again what was answered 503, and that alone

        async def sent(password):
            headers = {"Authorization": basic("am", password)}
            return (await daemon.ask("POST", "/webhook", data=ALERT, headers=headers))[0]

        assert await sent("right word") == 202
        statuses = [await sent(f"wrong {number}") for number in range(30)]
        assert statuses[:20] == [401] * 20
        assert 503 in statuses[20:]
        assert await sent("right word") == 202
        assert await daemon.metric("remediator_web_connections") >= 1
