"""DNS messages: a question for A or AAAA, and what an answer says (RFC 1035, section 4; AAAA: RFC 3596).

What a server sends is hostile: pointers only go back, names, records and chains are bounded.
"""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

from msgspec import Struct

TYPES = {"A": 1, "AAAA": 28}
_CNAME, _IN = 5, 1
_HEADER = struct.Struct("!6H")
_RECORD = struct.Struct("!HHIH")
_POINTER = 0xC0
_LABEL, _NAME = 63, 255  #: octets, RFC 1035, section 2.3.4
_RECORDS, _ADDRESSES, _CHAIN = 256, 16, 16
_RESPONSE, _TRUNCATED, _RECURSE = 0x8000, 0x0200, 0x0100
NO_ERROR, SERVER_FAILED, NO_NAME, REFUSED = 0, 2, 3, 5  #: response codes, section 4.1.1

Kind = Literal["A", "AAAA"]


class Answer(Struct, frozen=True):
    """What a server answered to one question."""

    code: int  #: its response code
    truncated: bool  #: to be asked again over TCP
    addresses: tuple[str, ...]


def question(number: int, name: str, kind: Kind) -> bytes:
    """Return a query for a name, recursion desired. ValueError when it is no name of a host."""
    return _HEADER.pack(number, _RECURSE, 1, 0, 0, 0) + _written(name) + struct.pack("!HH", TYPES[kind], _IN)


def answer(data: bytes, number: int, name: str, kind: Kind) -> Answer:
    """Read the answer to a question. ValueError when it is none, or answers another one."""
    if len(data) < _HEADER.size:
        raise ValueError("shorter than a header")
    got, flags, questions, records, _, _ = _HEADER.unpack_from(data)
    if got != number or not flags & _RESPONSE or questions != 1:
        raise ValueError("an answer to something else")
    asked, at = _name(data, _HEADER.size)
    if asked != _plain(name) or data[at : at + 4] != struct.pack("!HH", TYPES[kind], _IN):
        raise ValueError("an answer to something else")
    code, truncated = flags & 0xF, bool(flags & _TRUNCATED)
    found = () if truncated else _addresses(data, at + 4, min(records, _RECORDS), asked, TYPES[kind])
    return Answer(code, truncated, found)


def _addresses(data: bytes, at: int, records: int, asked: str, wanted: int) -> tuple[str, ...]:
    """Return the addresses of the name asked for, and of what it is an alias of."""
    held: dict[str, list[str]] = {}
    aliases: dict[str, str] = {}
    for _ in range(records):
        owner, at = _name(data, at)
        if at + _RECORD.size > len(data):
            raise ValueError("a record breaks off")
        kind, group, _, length = _RECORD.unpack_from(data, at)
        begin, at = at + _RECORD.size, at + _RECORD.size + length
        if at > len(data):
            raise ValueError("a record breaks off")
        if group == _IN and kind == _CNAME:
            aliases[owner], _ = _name(data, begin)
        elif group == _IN and kind == wanted:
            held.setdefault(owner, []).append(_address(data[begin:at], kind))
    found = []
    for _ in range(_CHAIN):
        found += held.pop(asked, [])
        if asked not in aliases:
            break
        asked = aliases.pop(asked)
    return tuple(dict.fromkeys(found))[:_ADDRESSES]


def _address(data: bytes, kind: int) -> str:
    try:
        return str(IPv4Address(data) if kind == TYPES["A"] else IPv6Address(data))
    except ValueError as error:  # AddressValueError: not 4, not 16 octets
        raise ValueError("an address of a wrong length") from error


def _written(name: str) -> bytes:
    made = b""
    for label in _plain(name).split("."):
        octets = label.encode("ascii", errors="strict")
        if not 0 < len(octets) <= _LABEL:
            raise ValueError("a label has 1 to 63 octets")
        made += bytes([len(octets)]) + octets
    if len(made) >= _NAME:
        raise ValueError("a name has at most 255 octets")
    return made + b"\0"


def _name(data: bytes, at: int) -> tuple[str, int]:
    """Return the name that stands at an offset, in lower case, and the offset behind it."""
    labels: list[str] = []
    behind, size, limit = -1, 0, at
    while True:
        if at >= len(data):
            raise ValueError("a name breaks off")
        length = data[at]
        if length & _POINTER == _POINTER:
            if at + 1 >= len(data):
                raise ValueError("a name breaks off")
            behind = at + 2 if behind < 0 else behind
            at = (length & ~_POINTER) << 8 | data[at + 1]
            # Each pointer goes before all that was read: no loops.
            if at >= limit:
                raise ValueError("a pointer does not go back")
            limit = at
            continue
        if length & _POINTER:
            raise ValueError("a label of an unknown kind")
        at += 1
        if not length:
            return ".".join(labels), at if behind < 0 else behind
        size += length + 1
        if size >= _NAME or at + length > len(data):
            raise ValueError("a name is too long or breaks off")
        labels.append(data[at : at + length].decode("latin-1").lower())
        at += length


def _plain(name: str) -> str:
    return name.removesuffix(".").lower()
