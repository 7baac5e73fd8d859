"""How a connection proves who it is and whom it trusts.

Secrets stand in files, never in the configuration. A file is read at each use, so a rotated
secret counts at once. What was read leaves this process only as a header to the connection's own
host; ``hide`` takes it out of anything that a backend echoes.
"""

from __future__ import annotations

import base64
import re
import ssl
import sys
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from yarl import URL

from remediator.core.file_names import ReadAtUse, SecretFile, UsedFile
from remediator.core.known_secrets import KnownSecrets
from remediator.core.redaction import learn_secret
from remediator.errors import PermanentError

SECRET_LIMIT = 16 * 1024  #: bytes in a secret's file
URL_LIMIT = 4096  #: characters in a URL
_HEADERS_LIMIT = 32
_VALUE_LIMIT = 4096
_HIDDEN_FROM = 4  #: characters; shorter secrets would hide half of every answer
_HIDDEN = "[hidden]"

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")  # a field name, RFC 9110, section 5.1
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SECRETS_OWN = {"authorization", "proxy-authorization", "cookie"}
_FRAMING = {"connection", "content-length", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return header fields with their names in lower case. Raise ValueError when one must not be sent.

    Refused: names that are no token, control characters in a value, the fields that frame a
    message, and those that carry credentials (a connection reads these from files).
    """
    if len(headers) > _HEADERS_LIMIT:
        raise ValueError(f"more than {_HEADERS_LIMIT} headers")
    checked = {}
    for name, value in headers.items():
        lower = checked_name(name)
        if lower in _SECRETS_OWN:
            raise ValueError(f"{lower} carries a credential: name a connection that reads it from a file")
        if len(value) > _VALUE_LIMIT or CONTROL.search(value):
            raise ValueError(f"the value of {lower} has a control character or more than {_VALUE_LIMIT} characters")
        checked[lower] = value
    return checked


def checked_name(name: str) -> str:
    """Return a header's name in lower case. Raise ValueError when it is no token or frames the message."""
    lower = name.lower()
    if not _TOKEN.fullmatch(lower):
        raise ValueError("a header's name has only letters, digits and !#$%&'*+.^_`|~-")
    if lower in _FRAMING:
        raise ValueError(f"{lower} frames the message and cannot be set")
    return lower


@lru_cache(maxsize=1024)
def parsed_url(url: str) -> URL:
    """Return the parts of a URL: a step's is asked for when it is planned, judged and sent. Raise ValueError."""
    return URL(url)


def checked_url(url: str) -> str:
    """Return the URL. Raise ValueError unless it is http or https, with a host and without a user's name."""
    if len(url) > URL_LIMIT or CONTROL.search(url):
        raise ValueError(f"the URL has a control character or more than {URL_LIMIT} characters")
    try:
        parsed = parsed_url(url)
        port = parsed.port
    except ValueError as error:
        raise ValueError("this is not a URL") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host or not port:
        raise ValueError('a URL begins with "http://" or "https://" and a host')
    if parsed.user is not None or parsed.password is not None:
        raise ValueError("a URL holds no credentials: name a connection that reads them from a file")
    return url


def _checked_base(url: str) -> str:
    if "?" in url or "#" in url:
        raise ValueError("this URL takes no query and no fragment")
    return checked_url(url).rstrip("/")


def _checked_names(files: Mapping[str, str]) -> dict[str, str]:
    return {checked_name(name): path for name, path in files.items()}


BaseUrl = Annotated[str, AfterValidator(_checked_base)]
"""An http or https URL that paths are appended to: no credentials, no query, no fragment."""
Headers = Annotated[dict[str, str], AfterValidator(checked_headers)]
"""Header fields that hold no credentials; names are kept in lower case."""


class BasicAuth(BaseModel):
    """HTTP Basic authentication (RFC 7617)."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    username: str = Field(pattern=r"^[^:\x00-\x1f\x7f]+$", description="The user's name; without a colon.")
    password_file: SecretFile = Field(description="File that holds the password; read at each use.")


class Access(BaseModel):
    """What every HTTP connection can say about credentials and TLS."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    bearer_token_file: SecretFile = Field("", description="File that holds a bearer token; read at each use.")
    basic_auth: BasicAuth | None = Field(None, description="User name and password file, instead of a token.")
    headers: Headers = Field({}, description="Headers to send that are no secret, such as X-Scope-OrgID.")
    header_files: Annotated[dict[str, str], AfterValidator(_checked_names), ReadAtUse(secret=True)] = Field(
        {}, description="Headers whose values are secret: name to file; read at each use."
    )
    ca_file: UsedFile = Field("", description="PEM file of the only authorities to trust; empty: the system's.")
    tls_verify: bool = Field(True, description="Whether the server's certificate is checked.")

    @model_validator(mode="after")
    def _one_credential(self) -> Access:
        ways = [bool(self.bearer_token_file), self.basic_auth is not None, "authorization" in self.header_files]
        if sum(ways) > 1:
            raise ValueError("give one of bearer_token_file, basic_auth and header_files.authorization")
        return self


class Credentials(NamedTuple):
    """What a request carries for a connection, and what must not come back out of it."""

    headers: dict[str, str]
    secrets: tuple[str, ...]


NO_CREDENTIALS = Credentials({}, ())


def credentials(access: Access) -> Credentials:
    """Read a connection's secrets. Raise PermanentError when a file cannot be read or is not one line."""
    headers, secrets = dict(access.headers), []
    for name, path in access.header_files.items():
        headers[name] = read_secret(path)
        secrets.append(headers[name])
    if access.bearer_token_file:
        secrets.append(read_secret(access.bearer_token_file))
        headers["authorization"] = f"Bearer {secrets[-1]}"
    elif access.basic_auth is not None:
        password = read_secret(access.basic_auth.password_file)
        encoded = base64.b64encode(f"{access.basic_auth.username}:{password}".encode()).decode()
        secrets += [password, encoded]
        headers["authorization"] = f"Basic {encoded}"
    return Credentials(headers, tuple(secrets))


def read_secret(path: str) -> str:
    """Return the one line that a file holds, without its line break. Errors name the file, never its content."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(SECRET_LIMIT + 1)
    except (OSError, ValueError) as error:
        raise PermanentError(f"cannot read the secret in {path}: {_why(error)}") from error
    try:
        text = data.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        # Not chained: the foreign error carries the bytes.
        raise PermanentError(f"the secret in {path} is not text") from None
    if not text or len(data) > SECRET_LIMIT or CONTROL.search(text):
        raise PermanentError(f"the secret in {path} must be one line of 1 to {SECRET_LIMIT} bytes")
    learn_secret(text)
    return text


def hide(text: str, secrets: Iterable[str]) -> str:
    """Return the text without these secrets, however they are written; those shorter than 4 characters stay."""
    return _known(tuple(secrets)).hide(text.encode("utf-8", "replace").decode(), _HIDDEN)


@lru_cache(maxsize=64)
def _known(secrets: tuple[str, ...]) -> KnownSecrets:
    known = KnownSecrets(shortest=_HIDDEN_FROM)
    for secret in secrets:
        known.learn(secret)
    return known


def trust(ca_file: str, *, tls_verify: bool) -> ssl.SSLContext | bool:
    """Return aiohttp's ``ssl`` argument. Contexts are kept: a new one would open a new connection each time."""
    if not tls_verify:
        return False
    if not ca_file:
        return _system()
    try:
        return _context(ca_file, Path(ca_file).stat().st_mtime_ns)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise PermanentError(f"cannot use the authorities in {ca_file}: {_why(error)}") from error


@cache
def _system() -> ssl.SSLContext | bool:
    """Return aiohttp's own context (True) where that trusts what ``trusting`` does: before Python 3.13."""
    return trusting() if sys.version_info >= (3, 13) else True


@lru_cache(maxsize=64)
def _context(ca_file: str, _changed: int) -> ssl.SSLContext:
    return trusting(ca_file)


def trusting(ca_file: str = "") -> ssl.SSLContext:
    """Return a client's context that trusts these authorities, or the system's; the same on every Python.

    Since 3.13 Python refuses authorities whose certificates name no key, which OpenSSL, curl and Go accept: many a
    cluster's and many a company's. Raises OSError (ssl.SSLError is one).
    """
    context = ssl.create_default_context(cafile=ca_file or None)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
