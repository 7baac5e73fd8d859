"""One POST of JSON for reporters, with its failures as our errors.

No error names the address: an incoming webhook's address is its secret.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping

import aiohttp
import orjson
from msgspec import Struct

from remediator.engine.deliver import LONGEST_ASKED
from remediator.errors import PermanentError, TemporaryError
from remediator.interfaces.report_lines import clean

_ANSWER = 2000  #: bytes of an answer that are looked at


class Answer(Struct, frozen=True):
    """A final answer: no redirect was followed."""

    status: int
    text: str  #: its beginning, without secrets, as one line


async def post_json(
    session: aiohttp.ClientSession,
    url: str,
    body: object,
    *,
    service: str,
    timeout: float,  # noqa: ASYNC109 -- the deliverer has no limit of its own for one call
    headers: Mapping[str, str] | None = None,
    trust: ssl.SSLContext | bool = True,
) -> Answer:
    """Post and return the answer. ``service`` is its name in errors; ``timeout`` in seconds, for all of it.

    ``trust`` is aiohttp's ``ssl``: whose certificates count.
    TemporaryError: no connection, no answer in time, 5xx (``transport``), or 429 (``retry_after``).
    """
    require_open(session, service)
    sent = {"Content-Type": "application/json", **(headers or {})}
    try:
        async with (
            asyncio.timeout(timeout),
            session.post(url, data=orjson.dumps(body), headers=sent, allow_redirects=False, ssl=trust) as response,
        ):
            text = (await response.content.read(_ANSWER)).decode("utf-8", "replace")
            status, wait = response.status, retry_after(response.headers)
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
        raise PermanentError(f"{service}: its configured address is not a http(s) URL") from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        # Not chained: the foreign error's text may hold the address.
        raise unreachable(service, error) from None
    if status == 429:  # noqa: PLR2004 -- Too Many Requests, RFC 6585
        raise TemporaryError(f"{service} asks to slow down", retry_after=wait)
    if status >= 500:  # noqa: PLR2004 -- server errors
        raise TemporaryError(f"{service} answered {status}", transport=True)
    return Answer(status, clean(text, 300))


def require_open(session: aiohttp.ClientSession, service: str) -> None:
    """Raise TemporaryError when the daemon's session is closed: it is going down, the row stays for the next start."""
    if session.closed:
        raise TemporaryError(f"{service}: the client session is closed")


def unreachable(service: str, error: BaseException) -> TemporaryError:
    """Return the error for a connection that failed; it names the kind, not the address."""
    kind = "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
    return TemporaryError(f"{service} cannot be reached: {kind}", transport=True)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of ``Retry-After`` (RFC 9110, 10.2.3, its number form), bounded; None if there are none."""
    value = next((headers[name] for name in headers if name.lower() == "retry-after"), "").strip()
    if not (value.isascii() and value.isdigit()) or len(value) > 9:  # noqa: PLR2004 -- far beyond the bound
        return None
    return min(float(value), LONGEST_ASKED)
