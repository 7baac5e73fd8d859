"""Foreign errors and unexpected answers, made ours where they enter.

What decides is whether the request can have reached the backend (RFC 9110, section 9.2.2: only
then may an operation that is not idempotent have happened).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

import aiohttp

from remediator.actions.answers.reading import excerpt
from remediator.core.durations import SECOND
from remediator.errors import ActionError, AmbiguousError, PermanentError, TemporaryError

FOREIGN = (aiohttp.ClientError, OSError)
"""What aiohttp raises for a request; TimeoutError is an OSError."""

OK, MULTIPLE_CHOICES, BAD_REQUEST, SERVER_ERROR = 200, 300, 400, 500
UNAVAILABLE = 503
BEFORE_WORK = frozenset({408, 425, 429, UNAVAILABLE})  #: the server says that it did not begin
NOBODY_BEHIND = frozenset({502, 504})  #: a gateway answers for a backend that does not

_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)
_WORDS: dict[type[Exception], str] = {
    aiohttp.ClientConnectorDNSError: "its name does not resolve",
    TimeoutError: "the time was up",
    aiohttp.ServerDisconnectedError: "it closed the connection",
    aiohttp.ClientPayloadError: "its answer broke off",
    aiohttp.ClientResponseError: "what it sent is not HTTP",
}
_WRONG_URL = (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)
_LONGEST_WAIT = 86400.0  #: seconds; a longer Retry-After counts as this
_HEADER_LIMIT = 64
_SHOWN = 300


def lost(error: Exception, place: str, *, reads: bool) -> ActionError:
    """Return what an exception of aiohttp means for one request to ``place`` (``host:port``).

    Never sent: TemporaryError. Sent, and no answer: TemporaryError if it only reads, else
    AmbiguousError. A URL that cannot be asked: PermanentError.
    """
    if isinstance(error, _NEVER_SENT):
        return TemporaryError(f"no connection to {place}: {_why(error)}", transport=True)
    if isinstance(error, _WRONG_URL):
        return PermanentError(f"the URL for {place} cannot be asked")
    text = f"no answer from {place}: {_why(error)}"
    return TemporaryError(text, transport=True) if reads else AmbiguousError(text, transport=True)


def _why(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return excerpt(f"its certificate is refused: {error.certificate_error}", _SHOWN)
    for kind, words in _WORDS.items():
        if isinstance(error, kind):
            return words
    if isinstance(error, aiohttp.ClientConnectorError):
        return excerpt(error.os_error.strerror or str(error.os_error), _SHOWN)
    return getattr(error, "strerror", None) or type(error).__name__


def retry_after(headers: Mapping[str, str], now: int) -> float | None:
    """Return the seconds that ``Retry-After`` asks for (RFC 9110, section 10.2.3), between 0 and a day.

    ``now`` is in microseconds; it is needed where the header holds a date. None when it says nothing.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:_HEADER_LIMIT]), _LONGEST_WAIT)
    if not text or not now or len(text) > _HEADER_LIMIT:
        return None
    try:
        then = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return min(max(then.timestamp() - now / SECOND, 0.0), _LONGEST_WAIT)
