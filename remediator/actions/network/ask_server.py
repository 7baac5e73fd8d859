"""Asks one DNS server one question: over UDP, and over TCP when the answer did not fit (RFC 1035, section 4.2)."""

from __future__ import annotations

import asyncio
import secrets

from remediator.actions.network.message import Answer, Kind, answer, question


class _Waiting(asyncio.DatagramProtocol):
    """Waits for the one datagram that answers the question; others are passed over, as forged ones would be."""

    def __init__(self, number: int, name: str, kind: Kind) -> None:
        self._asked = (number, name, kind)
        self.answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _addr: object) -> None:
        try:
            found = answer(data, *self._asked)
        except ValueError:
            return
        if not self.answered.done():
            self.answered.set_result(found)

    def error_received(self, exc: Exception) -> None:
        if not self.answered.done():
            self.answered.set_exception(exc)


async def ask_server(server: tuple[str, int], name: str, kind: Kind) -> Answer:
    """Return what the server answers. OSError when it cannot be reached, ValueError for what is no answer."""
    number = secrets.randbelow(65_536)
    asked = question(number, name, kind)
    loop = asyncio.get_running_loop()
    transport, waiting = await loop.create_datagram_endpoint(lambda: _Waiting(number, name, kind), remote_addr=server)
    try:
        transport.sendto(asked)
        found = await waiting.answered
    finally:
        transport.close()
    return await _over_tcp(server, asked, (number, name, kind)) if found.truncated else found


async def _over_tcp(server: tuple[str, int], asked: bytes, what: tuple[int, str, Kind]) -> Answer:
    reader, writer = await asyncio.open_connection(*server)
    try:
        writer.write(len(asked).to_bytes(2, "big") + asked)
        length = int.from_bytes(await reader.readexactly(2), "big")
        return answer(await reader.readexactly(length), *what)
    except asyncio.IncompleteReadError as error:
        raise ValueError("the answer breaks off") from error
    finally:
        writer.close()
