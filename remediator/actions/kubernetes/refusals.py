"""What an answer that is not 2xx means: Temporary, Permanent or Ambiguous.

Source: Kubernetes' API conventions, "Response Status Kind": a failure carries a Status with
``message``, ``reason`` and ``details``; 504 is "might or might not have had effect".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson

from remediator.actions.kubernetes.documents import clean, section
from remediator.errors import ActionError, AmbiguousError, PermanentError, TemporaryError

_LONGEST_WAIT = 3600.0
_TEMPORARY = frozenset({
    HTTPStatus.UNAUTHORIZED,  # the credential is read again before the next try
    HTTPStatus.CONFLICT,
    HTTPStatus.GONE,
    HTTPStatus.TOO_MANY_REQUESTS,
})  # fmt: skip
_OUTCOME_LOST = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})

# Answered 500, though asking again will never be right: a field that the kind does not have (server-side apply
# finds that before it validates), and a pod that several PodDisruptionBudgets select.
_NEVER_RIGHT = ("failed to create typed patch object", "more than one PodDisruptionBudget")
# What cannot be decoded the server quotes whole: the patch or all of the object, its variables' values included.
_QUOTED_WHOLE = re.compile(r'(patch: Invalid value: )"(?:[^"\\]|\\.)*(?:"(?:: )?|$)', re.DOTALL)


class AbsentError(PermanentError):
    """Answered 404. ``served`` tells an object that is not there from an API that this cluster does not have."""

    def __init__(self, message: str, *, served: bool) -> None:
        super().__init__(message)
        self.served = served


def refusal(status: int, headers: Mapping[str, str], body: bytes, *, what: str, changes: bool) -> ActionError:
    """Return the error that this answer is. ``what`` says what was asked (``PATCH /apis/...``)."""
    document = _status_document(body)
    message = _message(document) or _phrase(status)
    by = refused_by(status, message)
    text = f"{what}: {status} {f'refused by {by}: ' if by else ''}{message}"
    # A gateway speaks for a server that did not answer; a Status is the server's own word.
    silent = status >= HTTPStatus.BAD_GATEWAY and not document
    if changes and status in _OUTCOME_LOST:
        return AmbiguousError(text, transport=silent)
    hopeless = status == HTTPStatus.INTERNAL_SERVER_ERROR and any(words in message for words in _NEVER_RIGHT)
    if not hopeless and (status in _TEMPORARY or status >= HTTPStatus.INTERNAL_SERVER_ERROR):
        return TemporaryError(text, transport=silent, retry_after=_retry_after(headers, document))
    if status == HTTPStatus.NOT_FOUND:
        # The API server names the object that it missed; of what it does not serve it knows no name.
        return AbsentError(text, served=bool(section(document, "details").get("name")))
    return PermanentError(text)


def refused_by(status: int, message: str) -> str:
    """Return what at the server refused, where its words tell: a quota, RBAC, admission …; empty where they don't.

    Sources: the texts of Kubernetes' authorizer (``cannot patch resource``), its ResourceQuota and
    LimitRanger plug-ins, and its dispatchers of webhooks and admission policies. A dry run passes all of these.
    """
    if not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return ""
    return next((by for by, words in _REFUSERS if any(word in message for word in words)), "")


_REFUSERS = (
    ("admission control (a webhook)", ("admission webhook ",)),
    ("admission control (a policy)", ("ValidatingAdmissionPolicy ",)),
    ("admission control (pod security)", ("violates PodSecurity",)),
    ("a quota", ("exceeded quota: ", "failed quota: ")),
    ("a limit range", (" usage per Container is ", " usage per Pod is ", " limit to request ratio per ")),
    ("RBAC", (" cannot get resource ", " cannot list resource ", " cannot patch resource ", " cannot create resource ",
              " cannot delete resource ", " cannot update resource ", " cannot watch resource ")),
)  # fmt: skip


def _message(document: Mapping[str, Any]) -> str:
    found = document.get("message")
    return clean(_QUOTED_WHOLE.sub(r"\1", found)) if isinstance(found, str) else ""


def _status_document(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) and document.get("kind") == "Status" else {}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(no reason given)"


def _retry_after(headers: Mapping[str, str], document: dict[str, Any]) -> float | None:
    asked: object = headers.get("Retry-After", "")
    if isinstance(asked, str) and asked.isascii() and asked.isdigit():
        asked = int(asked[:9])
    else:
        asked = section(document, "details").get("retryAfterSeconds")
    if isinstance(asked, bool) or not isinstance(asked, (int, float)) or asked <= 0:
        return None
    return min(float(asked), _LONGEST_WAIT)
