"""What psycopg's errors mean: Temporary, Permanent or Ambiguous.

Source: PostgreSQL's documentation, appendix "PostgreSQL Error Codes" (SQLSTATE). Only the server's
primary message is kept: details quote rows, and what libpq says of a connection may quote its settings.
"""

from __future__ import annotations

from typing import Any

from remediator.actions.answers.access import hide
from remediator.actions.answers.reading import excerpt
from remediator.errors import ActionError, AmbiguousError, PermanentError, TemporaryError

_SHOWN = 300
_STARTING = "57P03"
_CANCELED = "57014"
_SHUT_DOWN = ("57P01", "57P02", "57P05", "08")
#: Rolled back or never begun: no room (53), a deadlock or a conflict (40), a lock not to be had.
_MAY_PASS = ("53", "40", "55P03", "55006")
_WORDS = {
    "53300": "it has no free connection (too many clients)",
    "28P01": "it refuses the password",
    "28000": "it refuses the log-in",
    _CANCELED: "the statement was cancelled, or took longer than statement_timeout",
    "55P03": "a lock was not to be had within lock_timeout",
}

_LIBPQ = {
    "Connection refused": "connection refused",
    "timeout expired": "the time was up",
    "could not translate host name": "its name does not resolve",
    "failed to resolve host": "its name does not resolve",
    "Network is unreachable": "the network is unreachable",
    "No route to host": "no route to host",
    "certificate verify failed": "certificate verify failed: no authority that we trust knows its certificate",
    "self-signed certificate": "certificate verify failed: no authority that we trust knows its certificate",
    "does not match host name": "its certificate is for another host name",
    "host name from server certificate": "its certificate is for another host name",
    "root certificate file": "the file of authorities (ca_file) cannot be read",
    "server does not support SSL": "the server does not support SSL, and sslmode asks for it",
    "no password supplied": "it wants a password, and the connection has no password_file",
    "server closed the connection": "the server closed the connection",
    "No such file or directory": "there is no such socket",
    "does not exist": "there is no such role or database",
}


def refused_entry(error: Any, place: str, secrets: tuple[str, ...]) -> ActionError:
    """Return what an error means that came before there was a session: nothing can have happened."""
    state = _state(error)
    if not state:
        return TemporaryError(f"no connection to {place}: {_libpq(error, secrets)}", transport=True)
    text = f"{place}: {_said(error, state, secrets)}"
    if state == _STARTING:
        return TemporaryError(text, transport=True)
    return TemporaryError(text) if state.startswith(_MAY_PASS) else PermanentError(text)


def refused(error: Any, place: str, secrets: tuple[str, ...], *, reads: bool) -> ActionError:
    """Return what an error of a statement means."""
    state = _state(error)
    text = f"{place}: {_said(error, state, secrets)}"
    lost = not state or state.startswith(_SHUT_DOWN)
    if lost and not (state or _of_the_server(error)):
        return PermanentError(text)  # psycopg refused to send it
    if lost:
        return TemporaryError(text, transport=True) if reads else AmbiguousError(text, transport=True)
    if state == _CANCELED:
        return TemporaryError(text) if reads else AmbiguousError(text)
    return TemporaryError(text) if state.startswith(_MAY_PASS) else PermanentError(text)


def _state(error: Any) -> str:
    return getattr(error, "sqlstate", None) or getattr(getattr(error, "diag", None), "sqlstate", None) or _hidden(error)


def _hidden(error: Any) -> str:
    """Return the SQLSTATE of a refused log-in that libpq only tells in words."""
    text = str(error)
    if "too many clients" in text or "remaining connection slots" in text or "too many connections for" in text:
        return "53300"
    if "password authentication failed" in text:
        return "28P01"
    if "pg_hba.conf" in text or "is not permitted to log in" in text:
        return "28000"
    if "the database system is" in text:
        return _STARTING
    return "3D000" if "database" in text and "does not exist" in text else ""


def _of_the_server(error: Any) -> bool:
    return type(error).__name__ in {"OperationalError", "InterfaceError"}


def _said(error: Any, state: str, secrets: tuple[str, ...]) -> str:
    said = getattr(getattr(error, "diag", None), "message_primary", None) or ""
    if state in _WORDS:
        return _WORDS[state]
    if not said:
        return _libpq(error, secrets) if state else _own(error)
    return excerpt(hide(" ".join(said.split()), secrets), _SHOWN) + (f" (SQLSTATE {state})" if state else "")


def _own(error: Any) -> str:
    """Say in our words what psycopg itself found: its texts may quote values."""
    return "the connection was lost" if _of_the_server(error) else f"psycopg cannot send it ({type(error).__name__})"


def _libpq(error: Any, secrets: tuple[str, ...]) -> str:
    """Return what libpq says of a connection that failed, in words of ours: its own may quote settings."""
    text = " ".join(str(error).split())
    said = next((ours for theirs, ours in _LIBPQ.items() if theirs in text), "")
    return said or excerpt(hide(type(error).__name__, secrets), _SHOWN)
