"""One command in a container, over the API server's channel protocol: output capped, exit code told.

Source: Kubernetes, "remotecommand" (k8s.io/apimachinery/pkg/util/remotecommand): a WebSocket of
``v5.channel.k8s.io``, else ``v4.channel.k8s.io``, whose messages begin with a channel's number: 1
output, 2 error output, 3 a Status at the end. A Status "Failure" of reason NonZeroExitCode holds the
exit code among ``details.causes``. Version 5 adds closing a channel (255), which a command without
input does not need.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiohttp
import orjson
from msgspec import Struct, field

from remediator.actions.kubernetes.api import Api
from remediator.actions.kubernetes.documents import Document, clean, objects, text
from remediator.errors import AmbiguousError, PermanentError, TemporaryError

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_OUT, _ERR, _STATUS = 1, 2, 3
_LONGEST_STATUS = 64 * 1024


class Ended(Struct):
    """How a command ended."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    left_out: int  #: bytes of both that were not kept


class _Heard(Struct):
    """What came through the channels so far."""

    limit: int
    kept: dict[int, bytearray] = field(
        default_factory=lambda: {_OUT: bytearray(), _ERR: bytearray(), _STATUS: bytearray()}
    )
    left_out: int = 0

    def take(self, message: bytes) -> None:
        channel, data = message[0] if message else 0, message[1:]
        if channel not in self.kept:
            return
        room = (_LONGEST_STATUS if channel == _STATUS else self.limit) - len(self.kept[channel])
        self.kept[channel] += data[: max(room, 0)]
        self.left_out += max(len(data) - max(room, 0), 0)


async def run_in_container(
    api: Api, place: str, argv: Sequence[str], *, container: str, within: float, limit: int, changes: bool
) -> Ended:
    """Run a command without input; ``place`` is the pod's path, ``within`` seconds, ``limit`` bytes a stream.

    Raise PermanentError when it could not be started. When its end is not heard of, it may go on
    running: AmbiguousError if it ``changes`` something, else TemporaryError.
    """
    query = [("command", part) for part in argv]
    query += [("container", container)] if container else []
    query += [("stdout", "true"), ("stderr", "true")]
    heard = _Heard(limit)
    lost = AmbiguousError if changes else TemporaryError
    async with api.websocket(f"{place}/exec", query, PROTOCOLS, changes=changes) as socket:
        if socket.protocol not in PROTOCOLS:
            raise lost(f"{place}/exec: the server speaks neither {PROTOCOLS[0]} nor {PROTOCOLS[1]}")
        try:
            async with asyncio.timeout(within):
                await _listen(socket, heard)
        except TimeoutError as error:
            raise lost(f"{place}/exec: it did not end within {within:g} s; it may go on running") from error
        except (aiohttp.ClientError, OSError) as error:
            raise lost(f"{place}/exec: the connection was lost: {clean(str(error))}", transport=True) from error
    return _ended(place, heard, lost)


async def _listen(socket: aiohttp.ClientWebSocketResponse, heard: _Heard) -> None:
    """Take messages until the Status has come or the connection ends."""
    while True:
        message = await socket.receive()
        if message.type == aiohttp.WSMsgType.BINARY:
            heard.take(message.data)
        elif message.type == aiohttp.WSMsgType.TEXT:
            heard.take(message.data.encode("utf-8", "replace"))
        else:
            return  # closed by either side, or not understood
        if heard.kept[_STATUS] and _parsed(heard) is not None:
            return


def _parsed(heard: _Heard) -> Document | None:
    try:
        document = orjson.loads(heard.kept[_STATUS])
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def _ended(place: str, heard: _Heard, lost: type[AmbiguousError | TemporaryError]) -> Ended:
    status = _parsed(heard)
    if status is None:
        raise lost(f"{place}/exec: the connection ended before the command did")
    code = _exit_code(status)
    if code is None:
        said = clean(status.get("message")) or clean(status.get("reason")) or "no reason given"
        # The container's runtime says so before anything of it has run.
        raise PermanentError(f"{place}/exec: it was not run: {said}")
    return Ended(code, bytes(heard.kept[_OUT]), bytes(heard.kept[_ERR]), heard.left_out)


def _exit_code(status: Document) -> int | None:
    if status.get("status") == "Success":
        return 0
    if status.get("reason") != "NonZeroExitCode":
        return None
    for cause in objects(status, "details", "causes"):
        said = text(cause, "message", limit=12)
        if text(cause, "reason") == "ExitCode" and said.removeprefix("-").isdecimal() and said.isascii():
            return int(said)
    return None
