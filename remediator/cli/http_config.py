"""``--http.config.file``: how a command proves who it is, in the form that promtool and amtool read.

Source: Prometheus' documentation, "http_config" (basic_auth, authorization, bearer_token, tls_config). What would
change where a request goes (proxies, redirects, OAuth 2) is not taken.
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from remediator.actions.answers.access import trusting
from remediator.cli.arguments import line_of
from remediator.core.problems import Problem
from remediator.errors import ConfigurationError
from remediator.interfaces.documents import Document, problem_at, read_document, validate


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _BasicAuth(_Section):
    username: str = Field(min_length=1, pattern=r"^[^:]+$")
    password: SecretStr | None = None
    password_file: Path | None = None

    @model_validator(mode="after")
    def _one(self) -> _BasicAuth:
        if (self.password is None) == (self.password_file is None):
            raise ValueError("give either password_file or password")
        return self


class _Authorization(_Section):
    type: str = Field("Bearer", pattern=r"^[A-Za-z0-9._~+-]+$")
    credentials: SecretStr | None = None
    credentials_file: Path | None = None

    @model_validator(mode="after")
    def _one(self) -> _Authorization:
        if self.type.lower() == "basic":
            raise ValueError("for a user and password write basic_auth")
        if (self.credentials is None) == (self.credentials_file is None):
            raise ValueError("give either credentials_file or credentials")
        return self


class _Tls(_Section):
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    insecure_skip_verify: bool = False

    @model_validator(mode="after")
    def _pair(self) -> _Tls:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together")
        return self


class _HttpConfig(_Section):
    basic_auth: _BasicAuth | None = None
    authorization: _Authorization | None = None
    bearer_token: SecretStr | None = None
    bearer_token_file: Path | None = None
    tls_config: _Tls | None = None

    @model_validator(mode="after")
    def _one_way(self) -> _HttpConfig:
        ways = ("basic_auth", "authorization", "bearer_token", "bearer_token_file")
        if len(given := [name for name in ways if getattr(self, name) is not None]) > 1:
            raise ValueError(f"give one of {' and '.join(given)}")
        return self


class Access(Struct, frozen=True):
    """What a request carries, and whom it trusts."""

    headers: dict[str, str]
    trust: ssl.SSLContext | None = None  #: None: the system's authorities


def basic(user: str, password: str) -> str:
    """Return the header's value for a user and password (RFC 7617)."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def read_http_config(path: Path) -> Access:
    """Return what the file says; files that it names are relative to it. Raise ConfigurationError, without secrets."""
    text = line_of(path, whole=True)
    try:
        document = read_document(text, str(path))
        config = validate(document, _HttpConfig)
    except ConfigurationError as error:
        raise ConfigurationError(tuple(_without_values(problem) for problem in error.problems)) from None
    return Access(_headers(config, path.parent), _trust(document, config.tls_config, path.parent))


def _without_values(problem: Problem) -> Problem:
    """Return the problem without what stands there: in this file that may be a secret, wherever it stands."""
    return replace(problem, message=problem.message.partition(", got ")[0].partition("; got ")[0], source="")


def _headers(config: _HttpConfig, root: Path) -> dict[str, str]:
    auth, other = config.basic_auth, config.authorization
    if auth is not None:
        return {"Authorization": basic(auth.username, _secret(auth.password, auth.password_file, root))}
    if other is not None:
        return {"Authorization": f"{other.type} {_secret(other.credentials, other.credentials_file, root)}"}
    if config.bearer_token is not None or config.bearer_token_file is not None:
        return {"Authorization": f"Bearer {_secret(config.bearer_token, config.bearer_token_file, root)}"}
    return {}


def _secret(written: SecretStr | None, path: Path | None, root: Path) -> str:
    return line_of(root / path) if path is not None else written.get_secret_value() if written is not None else ""


def _trust(document: Document, tls: _Tls | None, root: Path) -> ssl.SSLContext | None:
    if tls is None:
        return None
    try:
        context = trusting(str(root / tls.ca_file) if tls.ca_file else "")
        if tls.cert_file is not None and tls.key_file is not None:
            context.load_cert_chain(root / tls.cert_file, root / tls.key_file, password=_no_prompt)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ConfigurationError((problem_at(document, ("tls_config",), f"cannot be used: {error}"),)) from error
    if tls.insecure_skip_verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _no_prompt(*_: Any) -> str:
    raise ValueError("the key has a passphrase; nobody can be asked for it")
