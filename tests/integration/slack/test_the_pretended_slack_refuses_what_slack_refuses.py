import pytest
from fakes.slack_api import SlackApi

TEXT = {"type": "mrkdwn", "text": "x"}
SECTION = {"type": "section", "text": TEXT}


def section(size):
    return {"type": "section", "text": {"type": "mrkdwn", "text": "x" * size}}


async def call(slack, session, method="chat.postMessage", token=None, **body):
    headers = {"Authorization": f"Bearer {token or slack.token}"}
    async with session.post(f"{slack.api_url}{method}", json={"channel": "C0OPS", **body}, headers=headers) as response:
        answer = await response.json()
        return answer if answer["ok"] else answer["error"]


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({"text": "x"}, None),
        ({"blocks": [SECTION] * 50}, None),
        ({"blocks": [SECTION] * 51}, "invalid_blocks"),
        ({"blocks": [section(3000)]}, None),
        ({"blocks": [section(3001)]}, "invalid_blocks"),
        ({"blocks": [section(0)]}, "invalid_blocks"),
        ({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "🔥" * 1501}}]}, "invalid_blocks"),
        ({"blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "section", "fields": [TEXT] * 10}]}, None),
        ({"blocks": [{"type": "section", "fields": [TEXT] * 11}]}, "invalid_blocks"),
        ({"blocks": [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]}]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 150}}]}, None),
        ({"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": TEXT}]}, "invalid_blocks"),
        ({"blocks": [{"type": "context", "elements": [TEXT] * 10}]}, None),
        ({"blocks": [{"type": "context", "elements": [TEXT] * 11}]}, "invalid_blocks"),
        ({"blocks": [{"type": "context", "elements": []}]}, "invalid_blocks"),
        ({"blocks": [{"type": "unheard_of"}]}, "invalid_blocks"),
        ({"blocks": "x"}, "invalid_blocks_format"),
        ({}, "no_text"),
        ({"text": "x" * 40_000}, None),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": "x", "channel": "C0NONE"}, "channel_not_found"),
        ({"text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
    ],
)
async def test_messages(slack, session, body, refused):
    answer = await call(slack, session, **body)
    assert (answer if isinstance(answer, str) else None) == refused


async def test_tokens(slack, session):
    assert await call(slack, session, token="xoxb-other", text="x") == "invalid_auth"
    async with session.post(f"{slack.api_url}chat.postMessage", json={"channel": "C0OPS", "text": "x"}) as response:
        assert (await response.json())["error"] == "not_authed"


async def test_an_update_without_blocks_deletes_them(slack, session):
    made = await call(slack, session, text="x", blocks=[SECTION])
    assert await call(slack, session, "chat.update", ts="1.000001", text="y") == "message_not_found"
    await call(slack, session, "chat.update", ts=made["ts"], text="y")
    assert slack.channels["C0OPS"].messages[made["ts"]].blocks == []


async def test_an_update_knows_channels_by_id_only(slack, session):
    made = await call(slack, session, text="x", channel="#ops")
    assert made["channel"] == "C0OPS"
    assert await call(slack, session, "chat.update", channel="#ops", ts=made["ts"], text="y") == "channel_not_found"


async def test_a_reply_is_no_parent(slack, session):
    parent = await call(slack, session, text="x")
    reply = await call(slack, session, text="x", thread_ts=parent["ts"])
    assert await call(slack, session, text="x", thread_ts=reply["ts"]) == "thread_not_found"


async def test_one_message_a_second_and_channel(session):
    now = [0.0]
    async with SlackApi(now=lambda: now[0], paced=True) as slack:
        slack.add_channel("C0OPS", "ops")
        slack.add_channel("C0DEV", "dev")
        await call(slack, session, text="x")
        await call(slack, session, text="x", channel="C0DEV")
        assert await call(slack, session, text="x") == "ratelimited"
        now[0] += 1.0
        assert not isinstance(await call(slack, session, text="x"), str)
