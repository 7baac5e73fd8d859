"""Answers in one form: JSON, and problem documents (RFC 9457) for what is wrong."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from remediator.store.journal import plain


def answer(document: Any, status: int = 200) -> web.Response:
    """Return a JSON answer."""
    body = orjson.dumps(document, default=plain, option=orjson.OPT_NON_STR_KEYS)
    return web.Response(body=body, status=status, content_type="application/json")


def problem(status: int, title: str, detail: str, **more: Any) -> web.Response:
    """Return a problem document: what is wrong, where, and what instead."""
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    headers = {"WWW-Authenticate": 'Basic realm="remediator"'} if status == web.HTTPUnauthorized.status_code else None
    return web.Response(
        body=orjson.dumps(document), status=status, content_type="application/problem+json", headers=headers
    )
