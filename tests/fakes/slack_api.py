"""A Slack that keeps state and refuses what Slack refuses, on a real server.

Facts: Slack's reference of ``chat.postMessage``, ``chat.update``, incoming webhooks and Block Kit.
Limits count UTF-16 units. Time is injected: nothing here sleeps or looks at a clock by itself.

    async with SlackApi() as slack:
        slack.add_channel("C0OPS", "ops")
        reporter = SlackReporter(slack.token, "C0OPS", session, api_url=slack.api_url)
        ...
        assert slack.channels["C0OPS"].messages[ts].blocks
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

_BLOCKS, _SECTION, _FIELDS, _FIELD, _HEADER, _ELEMENTS, _TEXT = 50, 3000, 10, 2000, 150, 10, 40_000
_BLOCK_ID = 255
_KNOWN = {"header", "section", "context", "divider"}
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt);)")
_MANUAL = re.compile(r"<[^<>\n]*>")


@dataclass
class Posted:
    """One message as the channel keeps it."""

    ts: str
    text: str
    blocks: list[dict[str, Any]]
    thread: dict[str, Posted] = field(default_factory=dict)
    thread_ts: str | None = None
    broadcast: bool = False  #: a reply that is shown in the channel too
    updates: int = 0


@dataclass
class Channel:
    id: str
    name: str
    member: bool = True
    archived: bool = False
    messages: dict[str, Posted] = field(default_factory=dict)  #: top-level ones by ts


class SlackApi:
    """The server. ``outage``: None, ``500``, ``html`` (a proxy's page with 502) or ``drop`` (the connection)."""

    def __init__(self, *, now: Callable[[], float] | None = None, paced: bool = False) -> None:
        self.token = "xoxb-1111-2222-fAkEtOkEnVaLuE"
        self.channels: dict[str, Channel] = {}
        self.hook_channel: str | None = None
        self.outage: str | None = None
        self.drop_after: bool = False  #: accept the message, then drop the connection instead of answering
        self.fail_next: list[str] = []  #: errors to answer with (HTTP 200), first first
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.paced = paced  #: one message a second and channel
        self.clock = 1_740_798_000.0
        self._now = now or (lambda: self.clock)
        self._last: dict[str, float] = {}
        self._serial = 0
        self._runner: web.AppRunner | None = None
        self.url = ""

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    @property
    def hook_url(self) -> str:
        return f"{self.url}/services/T0FAKE/B0FAKE/hOoKsEcReT"

    def add_channel(self, channel: str, name: str, *, member: bool = True, archived: bool = False) -> Channel:
        self.channels[channel] = Channel(channel, name, member, archived)
        self.hook_channel = self.hook_channel or channel
        return self.channels[channel]

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_post("/api/chat.postMessage", self._api(self._post))
        app.router.add_post("/api/chat.update", self._api(self._update))
        app.router.add_post("/services/T0FAKE/B0FAKE/hOoKsEcReT", self._hook)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def _api(self, method: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[web.Request], Any]:
        async def answer(request: web.Request) -> web.StreamResponse:  # noqa: PLR0911 -- one return a refusal
            if out := self._outage(request):
                return out
            scheme, _, given = request.headers.get("Authorization", "").partition(" ")
            if not given or scheme != "Bearer":
                return _no("not_authed")
            if given != self.token:
                return _no("invalid_auth")
            body = json.loads(await request.text()) if "json" in request.content_type else dict(await request.post())
            self.calls.append((request.path.rpartition("/")[2], body))
            if self.fail_next:
                return _no(self.fail_next.pop(0))
            try:
                made = method(body)
            except _RefusedError as error:
                return _no(error.code, error.messages)
            except _TooFastError as error:
                return _slow(error.wait)
            if self.drop_after:
                assert request.transport is not None
                request.transport.close()
            return web.json_response({"ok": True, **made})

        return answer

    def _outage(self, request: web.Request) -> web.StreamResponse | None:
        if self.outage == "drop":
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if self.outage == "html":
            return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
        if self.outage == "500":
            return web.json_response({"ok": False, "error": "internal_error"}, status=500)
        return None

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(body.get("channel"))
        check_content(body)
        parent = None
        if (thread_ts := body.get("thread_ts")) is not None:
            parent = channel.messages.get(thread_ts)
            if parent is None:
                # Slack also knows "invalid_thread_ts" for what is no ts at all.
                raise _RefusedError("thread_not_found")
        self._pace(channel)
        posted = self._add(body)
        if parent is None:
            channel.messages[posted.ts] = posted
        else:
            posted.thread_ts, posted.broadcast = parent.ts, bool(body.get("reply_broadcast"))
            parent.thread[posted.ts] = posted
        return {"channel": channel.id, "ts": posted.ts}

    def _update(self, body: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(body.get("channel"), by_name=False)
        check_content(body)
        replies = {ts: reply for message in channel.messages.values() for ts, reply in message.thread.items()}
        found = (channel.messages | replies).get(str(body.get("ts")))
        if found is None:
            raise _RefusedError("message_not_found")
        # An update with text and without blocks deletes the blocks.
        found.text, found.blocks = body.get("text", ""), list(body.get("blocks", []))
        found.updates += 1
        return {"channel": channel.id, "ts": found.ts, "text": found.text}

    async def _hook(self, request: web.Request) -> web.StreamResponse:
        if out := self._outage(request):
            return out
        if self.hook_channel is None:
            return web.Response(status=404, text="no_service")
        channel = self.channels[self.hook_channel]
        try:
            body = json.loads(await request.text())
            self.calls.append(("webhook", body))
            if channel.archived:
                return web.Response(status=410, text="channel_is_archived")
            check_content(body)
            self._pace(channel)
        except (json.JSONDecodeError, _RefusedError) as error:
            return web.Response(status=400, text=getattr(error, "code", "invalid_payload"))
        except _TooFastError as error:
            return _slow(error.wait)
        posted = self._add(body)
        channel.messages[posted.ts] = posted
        return web.Response(text="ok")

    def _channel(self, wanted: object, *, by_name: bool = True) -> Channel:
        for channel in self.channels.values():
            if wanted == channel.id or (by_name and wanted in (channel.name, f"#{channel.name}")):
                if channel.archived:
                    raise _RefusedError("is_archived")
                if not channel.member:
                    raise _RefusedError("not_in_channel")
                return channel
        raise _RefusedError("channel_not_found")

    def _pace(self, channel: Channel) -> None:
        now, last = self._now(), self._last.get(channel.id, -math.inf)
        if self.paced and now - last < 1.0:
            raise _TooFastError(math.ceil(1.0 - (now - last)))
        self._last[channel.id] = now

    def _add(self, body: dict[str, Any]) -> Posted:
        self._serial += 1
        ts = f"{int(self._now())}.{self._serial:06d}"
        return Posted(ts, body.get("text", ""), list(body.get("blocks", [])))


def check_content(body: dict[str, Any]) -> None:
    """Raise what Slack answers to this text and these blocks."""
    text, blocks = body.get("text", ""), body.get("blocks")
    if not text and not blocks:
        raise _RefusedError("no_text")
    if units(text) > _TEXT:
        raise _RefusedError("msg_too_long")
    if blocks is None:
        return
    if not isinstance(blocks, list):
        raise _RefusedError("invalid_blocks_format")
    faults = [f"no more than {_BLOCKS} items allowed [json-pointer:/blocks]"] if len(blocks) > _BLOCKS else []
    for place, block in enumerate(blocks):
        faults += [f"{fault} [json-pointer:/blocks/{place}]" for fault in _block_faults(block)]
    if faults:
        raise _RefusedError("invalid_blocks", faults)


def _block_faults(block: Any) -> list[str]:  # noqa: PLR0911 -- one return a kind of block
    if not isinstance(block, dict) or block.get("type") not in _KNOWN:
        return ["unsupported type"]
    if units(block.get("block_id", "")) > _BLOCK_ID:
        return ["block_id too long"]
    match block["type"]:
        case "header":
            return _text_faults(block.get("text"), _HEADER, only="plain_text")
        case "section":
            fields = block.get("fields")
            if block.get("text") is None and not fields:
                return ["missing required field: text"]
            faults = _text_faults(block["text"], _SECTION) if block.get("text") is not None else []
            if fields is not None:
                faults += ["must have 1 to 10 fields"] if not 1 <= len(fields) <= _FIELDS else []
                faults += [fault for item in fields for fault in _text_faults(item, _FIELD)]
            return faults
        case "context":
            elements = block.get("elements", [])
            faults = ["must have 1 to 10 elements"] if not 1 <= len(elements) <= _ELEMENTS else []
            return faults + [fault for item in elements for fault in _text_faults(item, _SECTION)]
    return []


def _text_faults(item: Any, limit: int, *, only: str = "") -> list[str]:
    if not isinstance(item, dict) or item.get("type") not in ("plain_text", "mrkdwn"):
        return ["no text object"]
    if only and item["type"] != only:
        return [f"must be {only}"]
    if set(item) - {"type", "text", "verbatim" if item["type"] == "mrkdwn" else "emoji"}:
        return ["unknown property of a text object"]
    text = item.get("text")
    if not isinstance(text, str) or not 1 <= units(text) <= limit:
        return [f"must have 1 to {limit} characters"]
    return []


def units(text: str) -> int:
    """Length in UTF-16 units; half a surrogate pair raises UnicodeEncodeError, as no JSON should hold one."""
    return len(text.encode("utf-16-le")) // 2


def markup(body: dict[str, Any]) -> list[str]:
    """Return every ``<…>`` in what is shown, and every ``&`` that is no entity: what Slack would act on."""
    found: list[str] = []
    for text in texts(body):
        found += _MANUAL.findall(text) + _ENTITY.findall(text)
        found += ["<"] if "<" in _MANUAL.sub("", text) else []
    return found


def texts(value: Any) -> list[str]:
    """Return every ``text`` string of a message, at any depth."""
    if isinstance(value, dict):
        own = [item for key, item in value.items() if key == "text" and isinstance(item, str)]
        return own + [text for item in value.values() for text in texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return []


class _RefusedError(Exception):
    def __init__(self, code: str, messages: list[str] | None = None) -> None:
        super().__init__(code, messages)
        self.code, self.messages = code, messages or []


class _TooFastError(Exception):
    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait


def _no(code: str, messages: list[str] | None = None) -> web.Response:
    more = {"response_metadata": {"messages": messages}} if messages else {}
    return web.json_response({"ok": False, "error": code, **more})


def _slow(wait: int) -> web.Response:
    return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(wait)})
