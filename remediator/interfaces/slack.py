"""Tells runs to Slack: one message a run, with its parts as replies in the thread.

Facts from Slack's reference: ``chat.postMessage`` takes about one message a second and channel;
``chat.update`` without blocks would delete them; an update notifies nobody, so what must be
noticed is a reply that is also shown in the channel; an answer 200 may say ``"ok": false``.
After a lost connection nobody knows whether a message was posted: it is told again, and may stand
there twice. Missing one would be worse.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any, ClassVar

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from remediator.core.problems import Problem
from remediator.core.reporting import Message, Receipt, Telling
from remediator.core.transitions import Status
from remediator.errors import ConfigurationError, PermanentError, TemporaryError
from remediator.interfaces.posting import post_json, require_open, retry_after, unreachable
from remediator.interfaces.report import Report, compose
from remediator.interfaces.report_lines import clean
from remediator.interfaces.slack_blocks import Block, escalation, reply, run_message
from remediator.settings import MENTION

API_URL = "https://slack.com/api/"
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
_PASSES = frozenset({
    "ratelimited", "rate_limited", "message_limit_exceeded", "internal_error", "fatal_error", "service_unavailable",
    "request_timeout", "team_added_to_org",
})  # fmt: skip
_TOKEN_HINT = "check the bot token (xoxb-…) in the daemon's configuration"  # noqa: S105 -- a hint, no token
_HINTS = {
    "not_authed": _TOKEN_HINT,
    "invalid_auth": _TOKEN_HINT,
    "account_inactive": _TOKEN_HINT,
    "token_revoked": _TOKEN_HINT,
    "token_expired": _TOKEN_HINT,
    "missing_scope": "the app needs the scope chat:write",
    "not_allowed_token_type": "a bot token (xoxb-…) is needed",
    "channel_not_found": "check the channel's id; the app must be a member of a private channel",
    "not_in_channel": "invite the app to the channel: /invite @app",
    "is_archived": "the channel is archived; name another one",
    "restricted_action": "the workspace does not let this app post there",
    "thread_not_found": "the run's message was deleted; the next update posts a new one",
    "message_not_found": "the run's message was deleted; the next update posts a new one",
}


class _GoneError(PermanentError):
    """The message that was to be updated is not there any more, or cannot be changed."""


class SlackReporter:
    """Posts and updates by the Web API, with a bot token that has ``chat:write``.

    ``channel`` is a channel's id (or name); ``mention`` what an escalation begins with, such as
    ``<!here>``; ``timeout`` the seconds for one call. Proxies are the session's business.
    """

    name = "slack"
    min_interval: ClassVar[float] = 1.0  #: seconds between two messages to a channel

    def __init__(
        self,
        token: str,
        channel: str,
        session: aiohttp.ClientSession,
        *,
        api_url: str = API_URL,
        mention: str = "",
        timeout: float = 30.0,
    ) -> None:
        if mention and not MENTION.fullmatch(mention):
            hint = "write <!here>, <!channel>, <!subteam^ID> or <@ID>"
            raise ConfigurationError((Problem(f"Slack knows no mention {clean(mention, 60)}", hint=hint),))
        quiet = logging.getLogger("remediator.slack")
        quiet.setLevel(logging.INFO)  # below that, slack_sdk writes every message's text and headers
        # No retries: the deliverer decides, and a retry after a lost connection can post twice.
        self._client = AsyncWebClient(token=token, base_url=api_url, session=session, retry_handlers=[], logger=quiet)
        self._client.proxy = None
        self._session, self._channel, self._mention, self._timeout = session, channel, mention, timeout

    async def tell(self, message: Message) -> Receipt | None:
        """Post, update, or reply; return where it stands."""
        require_open(self._session, "Slack")  # else slack_sdk would open one of its own
        report = compose(message.run)
        main = message.receipt
        match message.telling:
            case Telling.MESSAGE:
                return await self._main(report, main)
            case Telling.THREAD:
                if main is None:
                    raise PermanentError("Slack: there is no message of this run to reply to")
                # A decision that is wanted must be noticed; an update of the main message is not.
                wanted = message.topic == "approval" and report.status is Status.AWAITING_APPROVAL
                wanted = wanted or message.topic == "storm"
                return await self._post(*reply(report, message.topic), thread=main, everywhere=wanted)
            case Telling.ESCALATION:
                return await self._post(*escalation(report, self._mention, message.topic), thread=main, everywhere=True)

    async def _main(self, report: Report, receipt: Receipt | None) -> Receipt:
        text, blocks = run_message(report)
        if receipt is None:
            return await self._post(text, blocks)
        try:
            return await self._ask(
                self._client.chat_update(
                    channel=receipt.channel, ts=receipt.ts, text=text, blocks=blocks, parse="none", link_names=False
                )
            )
        except _GoneError:
            return await self._post(text, blocks)

    async def _post(
        self, text: str, blocks: list[Block], *, thread: Receipt | None = None, everywhere: bool = False
    ) -> Receipt:
        return await self._ask(
            self._client.chat_postMessage(
                channel=thread.channel if thread else self._channel,
                text=text,
                blocks=blocks,
                thread_ts=thread.ts if thread else None,
                reply_broadcast=everywhere if thread else None,
                unfurl_links=False,
                unfurl_media=False,
            )
        )

    async def _ask(self, call: Awaitable[Any]) -> Receipt:
        """Make one call; its failures become ours. Not chained: slack_sdk's errors carry the request, token and all."""
        try:
            async with asyncio.timeout(self._timeout):
                answer = await call
                return Receipt(str(answer["channel"]), str(answer["ts"]))
        except SlackApiError as error:
            raise _refusal(error.response) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unreachable("Slack", error) from None
        except (AttributeError, TypeError, ValueError):
            raise PermanentError("Slack: the answer is none of Slack's; check api_url and proxies") from None


class SlackWebhookReporter:
    """Posts to an incoming webhook: no update, no thread, so only what a person must see.

    Tells that an approval is wanted, an escalation, and the end of a run; drops the rest.
    """

    name = "slack-webhook"
    min_interval: ClassVar[float] = 1.0  #: seconds between two messages

    def __init__(self, url: str, session: aiohttp.ClientSession, *, timeout: float = 30.0) -> None:
        self._url, self._session, self._timeout = url, session, timeout

    async def tell(self, message: Message) -> Receipt | None:
        """Post what must be seen. There is never a receipt: a webhook does not say where it posted."""
        report = compose(message.run)
        if message.telling is Telling.ESCALATION:
            text, blocks = escalation(report, to=message.topic)
        elif message.telling is Telling.MESSAGE and (report.final or report.status is Status.AWAITING_APPROVAL):
            text, blocks = run_message(report)
        elif message.topic == "storm":
            text, blocks = reply(report, message.topic)
        else:
            return None
        body = {"text": text, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}
        answer = await post_json(self._session, self._url, body, service="Slack's webhook", timeout=self._timeout)
        if answer.status != 200:  # noqa: PLR2004 -- Slack answers 200 "ok", nothing else means success
            raise PermanentError(
                f"Slack's webhook refuses: {answer.status} {answer.text}; make a new one if it is gone"
            )
        return None


def _refusal(response: Any) -> TemporaryError | PermanentError:
    """Return our error for an answer that is not "ok". ``response`` is slack_sdk's or aiohttp's."""
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    data = getattr(response, "data", None)
    code = clean(data.get("error", ""), 80) if isinstance(data, dict) else ""
    if status == 429 or code in _PASSES:  # noqa: PLR2004 -- Too Many Requests, RFC 6585
        return TemporaryError(f"Slack asks to wait: {code or status}", retry_after=retry_after(response.headers))
    if status >= 500:  # noqa: PLR2004 -- server errors
        return TemporaryError(f"Slack answered {status}", transport=True)
    if code in _GONE:
        return _GoneError(f"Slack: {code}")
    if not code:
        return PermanentError(f"Slack: {status} without a reason is none of Slack's answers; check api_url and proxies")
    hint = f"; {_HINTS[code]}" if code in _HINTS else ""
    return PermanentError(f"Slack refuses: {code}{hint}")
