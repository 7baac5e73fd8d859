"""TLS handshakes: one that reads whatever the server sends, and one that judges it as clients do."""

from __future__ import annotations

import _ssl
import asyncio
import ssl
from time import perf_counter
from typing import Any

from msgspec import Struct

from remediator.actions.answers.access import trusting
from remediator.actions.answers.reading import excerpt

_CHAIN = 10
_TEXT = 300


class Seen(Struct, frozen=True):
    """What a handshake showed."""

    chain: tuple[bytes, ...]  #: certificates as the server sent them, its own first
    protocol: str  #: "TLSv1.3"
    cipher: str
    milliseconds: float  #: connecting and shaking hands


async def look(address: str, port: int, name: str) -> Seen:
    """Shake hands and trust nobody's word: nothing is sent. OSError (ssl.SSLError is one) when it fails."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    began = perf_counter()
    _, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=name)
    taken = (perf_counter() - began) * 1000
    try:
        made: ssl.SSLObject = writer.get_extra_info("ssl_object")
        cipher = made.cipher()
        return Seen(_chain(made), made.version() or "", cipher[0] if cipher else "", taken)
    finally:
        writer.close()


async def judge(address: str, port: int, name: str, ca_file: str) -> str:
    """Return why a client would not trust the chain, or "". The name is not judged here. OSError when it fails."""
    context = trusting(ca_file)
    context.check_hostname = False
    try:
        _, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=name)
    except ssl.SSLCertVerificationError as error:
        return excerpt(error.verify_message or str(error), _TEXT)
    writer.close()
    return ""


def _chain(made: ssl.SSLObject) -> tuple[bytes, ...]:
    """Return the chain as it was sent. Public since Python 3.13; before, only the leaf is sure to be had."""
    public: Any = getattr(made, "get_unverified_chain", None)
    inner: Any = getattr(getattr(made, "_sslobj", None), "get_unverified_chain", None)
    if public is not None:
        return tuple(public()[:_CHAIN])
    if inner is not None:
        der: int = getattr(_ssl, "ENCODING_DER", 2)
        return tuple(each.public_bytes(der) for each in (inner() or [])[:_CHAIN])
    leaf = made.getpeercert(binary_form=True)
    return (leaf,) if leaf else ()
