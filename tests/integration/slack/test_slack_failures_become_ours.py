import asyncio
import logging
import traceback

import aiohttp
import pytest
from aiohttp import web
from fakes.run_views import EXAMPLES
from fakes.small_server import serve

from remediator.core.reporting import Message, Telling
from remediator.errors import ActionError, PermanentError, TemporaryError
from remediator.interfaces.slack import SlackReporter, SlackWebhookReporter

MESSAGE = Message(EXAMPLES["succeeded"](), Telling.MESSAGE)


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("invalid_auth", "check the bot token"),
        ("token_revoked", "check the bot token"),
        ("missing_scope", "chat:write"),
        ("channel_not_found", "check the channel's id"),
        ("not_in_channel", "invite the app"),
        ("is_archived", "archived"),
        ("invalid_blocks", "invalid_blocks"),
        ("something_new", "something_new"),
    ],
)
async def test_what_will_not_pass_is_permanent_and_says_what_to_do(slack, reporter, code, hint):
    slack.fail_next = [code]
    with pytest.raises(PermanentError, match=hint):
        await reporter.tell(MESSAGE)


@pytest.mark.parametrize("code", ["ratelimited", "rate_limited", "internal_error", "service_unavailable"])
async def test_what_will_pass_is_temporary(slack, reporter, code):
    slack.fail_next = [code]
    with pytest.raises(TemporaryError) as caught:
        await reporter.tell(MESSAGE)
    assert caught.value.retry_after is None  # it is tried less and less often


async def test_a_wrong_channel_is_said(slack, session):
    slack.add_channel("C0OLD", "old", archived=True)
    slack.add_channel("C0PRIV", "private", member=False)
    for channel, code in (("C0NONE", "channel_not_found"), ("C0OLD", "is_archived"), ("C0PRIV", "not_in_channel")):
        with pytest.raises(PermanentError, match=code):
            await SlackReporter(slack.token, channel, session, api_url=slack.api_url).tell(MESSAGE)


async def test_too_fast_is_told_to_wait_as_long_as_slack_asks(slack, reporter):
    slack.paced = True
    await reporter.tell(MESSAGE)
    with pytest.raises(TemporaryError) as caught:
        await reporter.tell(MESSAGE)
    assert caught.value.retry_after == 1.0
    assert not caught.value.transport
    slack.clock += 1.0
    await reporter.tell(MESSAGE)
    assert len(slack.channels["C0OPS"].messages) == 2


@pytest.mark.parametrize("outage", ["500", "html", "drop"])
async def test_an_outage_is_a_temporary_transport_error(slack, session, reporter, outage):
    slack.outage = outage
    for each in (reporter, SlackWebhookReporter(slack.hook_url, session)):
        with pytest.raises(TemporaryError) as caught:
            await each.tell(MESSAGE)
        assert caught.value.transport or outage == "500"


async def test_a_server_error_counts_for_the_breaker_even_with_a_reason(session):
    async with serve(web.json_response({"ok": False, "error": "odd"}, status=503)) as server:
        with pytest.raises(TemporaryError) as caught:
            await SlackReporter("xoxb-1", "C1", session, api_url=server.url).tell(MESSAGE)
    assert caught.value.transport


async def test_a_lost_answer_is_told_again_and_may_stand_twice(slack, reporter):
    slack.drop_after = True
    with pytest.raises(TemporaryError) as caught:
        await reporter.tell(MESSAGE)
    assert caught.value.transport
    assert len(slack.calls) == 1  # slack_sdk did not retry by itself
    assert len(slack.channels["C0OPS"].messages) == 1


async def test_nobody_listening_is_a_temporary_transport_error(session, unused_tcp_port):
    address = f"http://127.0.0.1:{unused_tcp_port}/"
    for each in (SlackReporter("xoxb-1", "C1", session, api_url=address), SlackWebhookReporter(address, session)):
        with pytest.raises(TemporaryError, match="cannot be reached: ClientConnectorError") as caught:
            await each.tell(MESSAGE)
        assert caught.value.transport


async def test_silence_is_given_up(session):
    async def silent(_request):
        await asyncio.sleep(30)
        return web.Response()

    async with serve(silent) as server:
        for each in (
            SlackReporter("xoxb-1", "C1", session, api_url=server.url, timeout=0.05),
            SlackWebhookReporter(server.url, session, timeout=0.05),
        ):
            with pytest.raises(TemporaryError, match="no answer in time"):
                await each.tell(MESSAGE)


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(text="hello"),
        web.Response(text="<html>log in</html>", content_type="text/html"),
        web.json_response([1]),
        web.json_response({"ok": False}),
        web.Response(text="{", content_type="application/json"),
        web.Response(body=b"\xff\xfe", content_type="application/json", charset="utf-8"),
    ],
)
async def test_an_answer_that_is_not_slacks_is_permanent(session, answer):
    async with serve(answer) as server:
        with pytest.raises(PermanentError, match="check api_url and proxies"):
            await SlackReporter("xoxb-1", "C1", session, api_url=server.url).tell(MESSAGE)


async def test_the_token_and_the_webhooks_address_never_show(slack, session, caplog):
    caplog.set_level(logging.DEBUG)
    secrets = (slack.token, "hOoKsEcReT")
    told = []
    for wrong in ("none", "invalid_auth", "500", "html", "drop"):
        slack.outage = wrong if wrong in ("500", "html", "drop") else None
        slack.fail_next = [wrong] if wrong == "invalid_auth" else []
        api = SlackReporter(slack.token, "C0OPS", session, api_url=slack.api_url)
        for each in (
            api,
            SlackWebhookReporter(slack.hook_url, session),
            SlackWebhookReporter(slack.hook_url + "x", session),
        ):
            try:
                await each.tell(MESSAGE)
            except ActionError as error:
                told.append("".join(traceback.format_exception(error)))
    logged = caplog.text
    assert "HighLatency" not in logged
    assert len(told) == 12
    for secret in secrets:
        assert secret not in logged
        assert not any(secret in text for text in told)


async def test_no_error_carries_the_request_along(slack, reporter):
    # slack_sdk's own error holds the request's arguments, the token's header among them.
    for slack.outage, slack.fail_next in ((None, ["invalid_auth"]), ("500", []), ("drop", [])):
        with pytest.raises(ActionError) as caught:
            await reporter.tell(MESSAGE)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


async def test_a_closed_session_keeps_the_row(slack):
    async with aiohttp.ClientSession() as session:
        pass
    api = SlackReporter(slack.token, "C0OPS", session, api_url=slack.api_url)
    for each in (api, SlackWebhookReporter(slack.hook_url, session)):
        with pytest.raises(TemporaryError, match="closed"):
            await each.tell(MESSAGE)
    assert slack.calls == []
