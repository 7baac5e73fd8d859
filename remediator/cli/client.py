"""How commands speak to a running daemon: its address, who is asking, and what its problems mean."""

from __future__ import annotations

import getpass
import http.client
import json
import os
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from remediator.cli.answers import AuditEntry, DaemonError, Done, Problem, checked, read, unlike
from remediator.cli.arguments import line_of

Url = Annotated[str, typer.Option("--url", envvar="REMEDIATOR_URL", help="The daemon.")]
User = Annotated[str, typer.Option("--user", envvar="REMEDIATOR_USER", help="Operator to log in as.")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", envvar="REMEDIATOR_PASSWORD_FILE", help="File with the password.")
]
DEFAULT_URL = "http://127.0.0.1:9095"
LARGEST = 64 * 1024 * 1024  #: bytes of an answer, or of a line of a long one
_WITHIN = 30.0  #: seconds for an answer to begin, and for each part of it
_NO_URL = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The daemon redirects nobody; whoever else does would get the credentials."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Daemon:
    """A running daemon's API. Whatever fails raises DaemonError."""

    def __init__(self, url: str, user: str, password_file: Path | None, trust: ssl.SSLContext | None = None) -> None:
        """``trust``: who is trusted over https, and which certificate is shown; None: the system's authorities."""
        self.url = _checked_url(url)
        self._opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=trust))
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if user:
            pair = as_bytes(user) + b":" + _password(password_file)
            self._headers["Authorization"] = "Basic " + b64encode(pair).decode()

    def get(self, path: str, shape: Any, **query: str) -> Any:
        """Return a document of this shape (cli/answers)."""
        given = {key: as_bytes(value) for key, value in query.items() if value}
        return read(self.call("GET", f"{path}?{urllib.parse.urlencode(given)}" if given else path), shape, self.url)

    def post(self, path: str, document: Any, shape: Any = Done) -> Any:
        """Send a document, return the answer, which is of this shape."""
        body = as_bytes(json.dumps(document, ensure_ascii=False))
        return read(self.call("POST", path, body), shape, self.url)

    def page(self, path: str) -> str:
        """Return a Markdown document."""
        with self._answer("GET", path) as answer:
            return self._text(answer, "text/markdown")

    def lines(self, path: str) -> Iterator[str]:
        """Yield the lines of a long answer as they come, each a JSON document."""
        with self._answer("GET", path, within=2 * _WITHIN) as answer:
            self._is(answer, "application/x-ndjson")
            while line := answer.readline(LARGEST):
                read(line, AuditEntry, self.url)
                yield line.decode()
            if answer.length:
                raise unlike(self.url, "the answer ends too early")

    def call(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> str:
        """Return the answer's text."""
        with self._answer(method, path, body, headers) as answer:
            return self._text(answer)

    @contextmanager
    def _answer(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None,
        within: float = _WITHIN,
    ) -> Iterator[http.client.HTTPResponse]:  # fmt: skip
        """Ask; what fails until the answer has been read becomes a DaemonError with what the daemon says is wrong."""
        begun = False
        try:
            request = urllib.request.Request(  # noqa: S310 -- the scheme was checked
                self.url + path, body, {**self._headers, **(headers or {})}, method=method
            )
            with self._opener.open(request, timeout=within) as answer:
                begun = True
                yield answer
        except urllib.error.HTTPError as error:
            raise DaemonError(_said(error, self.url)) from error
        except (http.client.HTTPException, OverflowError) as error:
            raise unlike(self.url, _in_a_line(f"{type(error).__name__}: {error}")) from error
        except (OSError, ValueError) as error:
            if begun and isinstance(error, ValueError):
                raise unlike(self.url, _in_a_line(str(error))) from error
            reason = _in_a_line(str(getattr(error, "reason", error)))
            what = "the answer broke off" if begun else "is it running? --url says where"
            raise DaemonError(f"cannot reach the daemon at {self.url}: {reason}; {what}") from error

    def _text(self, answer: http.client.HTTPResponse, kind: str = "") -> str:
        self._is(answer, kind)
        body = answer.read(LARGEST + 1)
        if len(body) > LARGEST:
            raise unlike(self.url, f"the answer has more than {LARGEST >> 20} MiB")
        if answer.length:
            raise unlike(self.url, "the answer ends too early")
        return body.decode()

    def _is(self, answer: http.client.HTTPResponse, kind: str) -> None:
        if kind and answer.headers.get_content_type() != kind:
            raise unlike(self.url, f"the answer is {_in_a_line(answer.headers.get_content_type())}, not {kind}")


def _checked_url(url: str) -> str:
    """Return the URL without a slash at its end. Raise DaemonError when nothing can be asked there."""
    try:
        parts = urllib.parse.urlsplit(url)
        right = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        right = False
    if not right or _NO_URL.search(url):
        raise DaemonError(f"--url takes http://host:port, not {url}")
    if parts.username is not None:
        raise DaemonError("--url takes no user: give --user and --password-file")
    return url.rstrip("/")


def _password(file: Path | None) -> bytes:
    if file is not None:
        return line_of(file).encode()
    try:
        return os.environ.get("REMEDIATOR_PASSWORD", "").encode()
    except UnicodeEncodeError:
        raise DaemonError("REMEDIATOR_PASSWORD is not UTF-8") from None  # the error would show it


def as_bytes(text: str) -> bytes:
    """Return it as UTF-8. Raise DaemonError for bytes that are none; they come so from a command line."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        wrong = ascii(error.object[error.start : error.end])
        raise DaemonError(f"what is sent to a daemon has to be UTF-8; there is {wrong} in it") from error


def quoted(part: str) -> str:
    """Return a run's id as it stands in a path. Raise DaemonError for none."""
    if not part.strip():
        raise DaemonError("a run is named by its id, or by its beginning or end; remediator runs list shows them")
    return urllib.parse.quote(as_bytes(part), safe="")


def _said(error: urllib.error.HTTPError, url: str) -> str:
    """Return what the daemon says is wrong; of anybody else's answer the beginning."""
    try:
        text = error.read(65536).decode("utf-8", "replace")
    except (OSError, ValueError, OverflowError, http.client.HTTPException):
        text = ""
    try:
        told = checked(json.loads(text), Problem, url)
    except (ValueError, RecursionError, DaemonError):
        return _in_a_line(f"{url} answers HTTP {error.code}: {text or error.reason}")
    field = f"{told['field']}: " if told.get("field") else ""
    problems = "\n".join(told.get("problems", ()))
    return f"{told['title']}: {field}{told['detail']}\n{problems}".strip()


def _in_a_line(text: str) -> str:
    """Return the beginning of a foreign text so that it does nothing to a terminal."""
    return " ".join("".join(char if char.isprintable() else " " for char in text[:400]).split())[:300]


def login_name() -> str:
    """Return who sits at the keyboard; counts only where the daemon asks nobody to log in."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
