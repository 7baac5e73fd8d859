"""Answers in one form: JSON, and problem documents (RFC 9457) for what is wrong."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from aiohttp import web

from remediator.interfaces.web.passwords import TooManyTriesError
from remediator.store.journal import plain

BROKEN_OFF = (web.RequestPayloadError, ConnectionError)  #: what reading a body raises that breaks off or is none
_HEADERS = {401: {"WWW-Authenticate": 'Basic realm="remediator"'}, 429: {"Retry-After": "10"}}


def answer(document: Any, status: int = 200) -> web.Response:
    """Return a JSON answer."""
    body = orjson.dumps(document, default=plain, option=orjson.OPT_NON_STR_KEYS)
    return web.Response(body=body, status=status, content_type="application/json")


def problem(status: int, title: str, detail: str, **more: Any) -> web.Response:
    """Return a problem document: what is wrong, where, and what instead."""
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    headers = _HEADERS.get(status)
    return web.Response(
        body=orjson.dumps(document), status=status, content_type="application/problem+json", headers=headers
    )


def unheard(error: TooManyTriesError, *, again: bool = False) -> web.Response:
    """Return the answer for somebody whose password is not looked at now: 503 if others are the cause.

    ``again``: 503 in any case, which is all that Alertmanager sends again (its webhook's retry rule).
    """
    if error.own and not again:
        return problem(429, "Too Many Requests", f"{error} came from this address; wait, and present the right one")
    return problem(503, "Busy", f"{error}; try it again")


async def body_of(request: web.Request, within: float) -> bytes:
    """Return the body. Raise TimeoutError if it has not arrived within so many seconds."""
    if request.content.is_eof():  # the usual case, and it needs no timer
        return await request.read()
    async with asyncio.timeout(within):
        return await request.read()


def too_slow(within: float, *, again: bool = False) -> web.Response:
    """Return the answer for a body that did not arrive: its rest is not waited for. ``again``: see ``unheard``."""
    status, detail = 503 if again else 408, f"the body did not arrive in time (web.read_timeout: {within:g} s)"
    response = problem(status, "Request Timeout", detail)
    response.force_close()
    return response


def broken_off() -> web.Response:
    """Return the answer for a body that ended too early or is none; whoever closed the connection reads it no more."""
    response = problem(400, "Bad Request", "the body broke off or is not in the encoding that was announced")
    response.force_close()
    return response
