"""Read the daemon's configuration and Prometheus' web file; every problem at its place."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bcrypt
from msgspec import Struct
from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, Field

from remediator.actions import registry
from remediator.core.file_names import FileName
from remediator.core.problems import Problem, nearest
from remediator.errors import ConfigurationError
from remediator.interfaces.documents import Document, problem_at, read_document, validate
from remediator.settings import Settings

_SAMPLE = "name yours with --config.file; config/remediator.yml in remediator's repository is a sample"

Connections = Mapping[str, Mapping[str, BaseModel]]


class TlsText(BaseModel):
    """``tls_server_config`` of the web file."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    cert_file: FileName
    key_file: FileName
    client_auth_type: str = Field("NoClientCert", pattern="^(NoClientCert|RequireAndVerifyClientCert)$")
    client_ca_file: FileName | None = None
    min_version: str = Field("TLS12", pattern="^(TLS12|TLS13)$")


class WebFileText(BaseModel):
    """The web configuration file, in the form of Prometheus' exporter-toolkit."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    tls_server_config: TlsText | None = None
    basic_auth_users: dict[str, str] = {}


class WebFile(Struct, frozen=True):
    """What the web file means."""

    users: Mapping[str, str]
    tls: ssl.SSLContext | None


class Configuration(Struct, frozen=True):
    """The configuration as it was read."""

    settings: Settings  #: with absolute paths
    connections: Connections
    document: Document
    root: Path  #: the folder from which relative paths count

    @property
    def rules(self) -> tuple[Document, tuple[str, ...]]:
        """Where the patterns of rule files stand."""
        return self.document, ("rules",)


def read_settings(path: Path) -> tuple[Settings, Connections]:
    """Return the settings with absolute paths, and the connections. Raise ConfigurationError."""
    read = read_configuration(path)
    return read.settings, read.connections


def read_configuration(path: Path) -> Configuration:
    """Return the settings, the connections, and where they stand. Raise ConfigurationError."""
    document = _read(path, absent=f"there is no such file in {path.parent.resolve()}; {_SAMPLE}")
    settings = validate(document, Settings)
    for name, value in settings.web.webhook.basic_auth_users.items():
        check_hash(document, name, value, ("web", "webhook", "basic_auth_users"))
    root = path.parent.resolve()
    store = settings.store.model_copy(update={"path": root / settings.store.path})
    made = settings.model_copy(update={"store": store})
    return Configuration(made, _connections(document, settings), document, root)


def read_web_file(path: Path | None) -> WebFile:
    """Return users and TLS of the web file; neither without a file. Raise ConfigurationError."""
    if path is None:
        return WebFile({}, None)
    document = _read(path)
    text = validate(document, WebFileText)
    for name, value in text.basic_auth_users.items():
        check_hash(document, name, value)
    return WebFile(text.basic_auth_users, _tls(document, text.tls_server_config, path.parent))


def check_hash(document: Document, name: str, value: str, place: tuple[str, ...] = ("basic_auth_users",)) -> None:
    """Raise ConfigurationError for what is no bcrypt hash: it would let nobody in."""
    try:
        bcrypt.checkpw(b"", value.encode())
    except ValueError:
        hint = "make one with: htpasswd -nBC 10 USER"
        # Without the line: what stands there instead of a hash is most likely the password.
        found = replace(problem_at(document, (*place, name), f"what {name} has is no bcrypt hash", hint), source="")
        raise ConfigurationError((found,)) from None


def _tls(document: Document, text: TlsText | None, root: Path) -> ssl.SSLContext | None:
    if text is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if text.min_version == "TLS13" else ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(root / text.cert_file, root / text.key_file)
        if text.client_ca_file is not None:
            context.load_verify_locations(root / text.client_ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            (problem_at(document, ("tls_server_config",), f"cannot be used: {why(error)}"),)
        ) from error
    if text.client_auth_type == "RequireAndVerifyClientCert":
        if text.client_ca_file is None:
            message = "RequireAndVerifyClientCert needs client_ca_file"
            raise ConfigurationError((problem_at(document, ("tls_server_config", "client_auth_type"), message),))
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _read(path: Path, absent: str = "") -> Document:
    try:
        return read_document(path.read_text("utf-8"), str(path))
    except FileNotFoundError as error:
        raise ConfigurationError((Problem(absent or f"cannot be read: {why(error)}", str(path)),)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError((Problem(f"cannot be read: {why(error)}", str(path)),)) from error


def why(error: OSError | ValueError) -> str:
    """Return why a file cannot be read, without its name, which is told beside it, and without its content."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not text in UTF-8"
    return getattr(error, "strerror", None) or str(error)


def _connections(document: Document, settings: Settings) -> Connections:
    """Check every connection against its system's own model."""
    problems: list[Problem] = []
    made: dict[str, dict[str, Any]] = {}
    for system, named in settings.connections.items():
        model = registry.connection_model(system)
        if model is None:
            hint = nearest(system, registry.systems())
            problems.append(
                problem_at(
                    document, ("connections", system), f'no system "{system}" takes connections', hint, on_key=True
                )
            )
            continue
        for name in named:
            try:
                made.setdefault(system, {})[name] = validate(document, model, ("connections", system, name))
            except ConfigurationError as error:
                problems += error.problems
    if problems:
        raise ConfigurationError(tuple(problems))
    return made
