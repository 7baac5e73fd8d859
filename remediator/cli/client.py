"""How commands speak to a running daemon: its address, who is asking, and what its problems mean."""

from __future__ import annotations

import getpass
import http.client
import json
import os
import ssl
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from remediator.errors import RemediatorError

Url = Annotated[str, typer.Option("--url", envvar="REMEDIATOR_URL", help="The daemon.")]
User = Annotated[str, typer.Option("--user", envvar="REMEDIATOR_USER", help="Operator to log in as.")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", envvar="REMEDIATOR_PASSWORD_FILE", help="File with the password.")
]
DEFAULT_URL = "http://127.0.0.1:9095"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The daemon redirects nobody; whoever else does would get the credentials."""

    def redirect_request(self, *_: Any) -> None:
        return None


class DaemonError(RemediatorError):
    """The daemon refused, or could not be reached."""


class Daemon:
    """A running daemon's API."""

    def __init__(self, url: str, user: str, password_file: Path | None, trust: ssl.SSLContext | None = None) -> None:
        """``trust``: who is trusted over https, and which certificate is shown; None: the system's authorities."""
        if not url.startswith(("http://", "https://")):
            raise DaemonError(f"--url takes http://host:port, not {url}")
        self._url = url.rstrip("/")
        self._opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=trust))
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if user:
            password = (
                password_file.read_text("utf-8").strip() if password_file else os.environ.get("REMEDIATOR_PASSWORD", "")
            )
            self._headers["Authorization"] = "Basic " + b64encode(f"{user}:{password}".encode()).decode()

    def get(self, path: str, **query: str) -> Any:
        """Return a document."""
        asked = urllib.parse.urlencode({key: value for key, value in query.items() if value})
        return _document(self.call("GET", f"{path}?{asked}" if asked else path))

    def post(self, path: str, document: Any) -> Any:
        """Send a document, return the answer."""
        return _document(self.call("POST", path, json.dumps(document).encode()))

    def lines(self, path: str) -> Iterator[str]:
        """Yield the lines of a long answer as they come."""
        request = urllib.request.Request(self._url + path, headers=self._headers)  # noqa: S310 -- the scheme was checked
        try:
            with self._opener.open(request, timeout=60) as answer:
                for line in answer:
                    yield line.decode()
        except urllib.error.HTTPError as error:
            raise DaemonError(_said(error)) from error
        except (urllib.error.URLError, OSError, ValueError, http.client.HTTPException) as error:
            raise DaemonError(f"cannot read from the daemon at {self._url}: {error}") from error

    def call(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> str:
        """Return the answer's text. Raise DaemonError with what the daemon says is wrong."""
        request = urllib.request.Request(  # noqa: S310 -- the scheme was checked
            self._url + path, body, {**self._headers, **(headers or {})}, method=method
        )
        try:
            with self._opener.open(request, timeout=30) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            raise DaemonError(_said(error)) from error
        except (urllib.error.URLError, OSError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise DaemonError(
                f"cannot reach the daemon at {self._url}: {reason}; is it running? --url says where"
            ) from error


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise DaemonError("the answer is no JSON; is that really remediator's address?") from error


def quoted(part: str) -> str:
    """Return a run's id as it stands in a path, whatever was typed."""
    return urllib.parse.quote(part, safe="")


def _said(error: urllib.error.HTTPError) -> str:
    text = error.read(65536).decode("utf-8", "replace")
    try:
        document = json.loads(text)
        problems = "\n".join(document.get("problems", ()))
        field = f"{document['field']}: " if document.get("field") else ""
        return f"{document.get('title', error.reason)}: {field}{document.get('detail', '')}\n{problems}".strip()
    except (ValueError, AttributeError):
        return f"HTTP {error.code}: {text[:300]}"


def login_name() -> str:
    """Return who sits at the keyboard; counts only where the daemon asks nobody to log in."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
