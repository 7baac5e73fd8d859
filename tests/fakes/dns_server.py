"""A small DNS server on loopback, UDP and TCP on one port; written apart from the code that it tests."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from ipaddress import ip_address

TYPES = {1: 4, 28: 6}


def name(text):
    return b"".join(bytes([len(part)]) + part.encode() for part in text.split(".")) + b"\0"


def record(owner, address_or_alias):
    """One resource record in wire form; text that is no address is an alias."""
    try:
        packed = ip_address(address_or_alias).packed
        kind = 1 if len(packed) == 4 else 28
    except ValueError:
        packed, kind = name(address_or_alias), 5
    return owner + struct.pack("!HHIH", kind, 1, 60, len(packed)) + packed


def reply(query, code=0, records=(), flags=0x8180):
    """An answer to a query, with these records."""
    end = query.index(b"\0", 12) + 5
    return query[:2] + struct.pack("!5H", flags | code, 1, len(records), 0, 0) + query[12:end] + b"".join(records)


class Zone:
    """What the server knows: full names to addresses or an alias; and how it misbehaves."""

    def __init__(self, **known):
        self.known = {text.replace("__", "-"): value for text, value in known.items()}
        self.asked = []
        self.code = None  #: answer everything with this code
        self.silent = False
        self.truncated = False  #: over UDP say that it does not fit
        self.raw = None  #: answer these bytes

    def answer(self, query, *, udp):
        if self.silent:
            return None
        if self.raw is not None:
            return self.raw
        end = query.index(b"\0", 12)
        labels, at = [], 12
        while at < end:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += 1 + query[at]
        text, kind = ".".join(labels), struct.unpack_from("!H", query, end + 1)[0]
        self.asked.append((text, {1: "A", 28: "AAAA"}[kind]))
        if self.code is not None:
            return reply(query, self.code)
        if udp and self.truncated:
            return reply(query, flags=0x8380)
        if text not in self.known:
            return reply(query, 3)
        return reply(query, records=list(self.records(text, kind)))

    def records(self, text, kind):
        owner = b"\xc0\x0c"  # a pointer to the question
        for value in self.known[text]:
            is_address = value[0].isdigit() or ":" in value
            if not is_address:
                yield record(owner, value)
                yield from (record(name(value), each) for each in self.known[value] if ip_address(each).version == TYPES[kind])
            elif ip_address(value).version == TYPES[kind]:
                yield record(owner, value)


@contextlib.asynccontextmanager
async def dns_server(zone):
    """Run it; gives ``127.0.0.1:port``."""

    class Udp(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, addr):
            if (answer := zone.answer(data, udp=True)) is not None:
                self.transport.sendto(answer, addr)

    async def tcp(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
            answer = zone.answer(query, udp=False)
            writer.write(len(answer).to_bytes(2, "big") + answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(tcp, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Udp, local_addr=("127.0.0.1", port))
    try:
        yield f"127.0.0.1:{port}"
    finally:
        transport.close()
        server.close()
        await server.wait_closed()
