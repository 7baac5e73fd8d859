"""Where the daemon listens, and that nobody from elsewhere comes in without a log-in."""

from __future__ import annotations

import errno
import re
import socket

from remediator.core.problems import Problem
from remediator.core.unprintable import CONTROLS, LINE_ENDS
from remediator.errors import ConfigurationError
from remediator.interfaces.configuration import WebFile
from remediator.interfaces.web.auth import Credentials, is_loopback
from remediator.settings import Settings

BACKLOG = 1024  #: connections that wait to be accepted

_PREFIX = re.compile(rf"[^\s{{}}?#\\{CONTROLS}{LINE_ENDS}]*")


def listen_address(text: str) -> tuple[str, int]:
    """Return host and port of ``host:port``; an empty host means every address."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 -- the largest port
        raise ConfigurationError(
            (Problem(f'--web.listen-address takes host:port, such as 127.0.0.1:9095, not "{text}"'),)
        )
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 -- what an empty host means to Prometheus, too


def route_prefix(text: str) -> str:
    """Return what stands before every path. Raise ConfigurationError for what is no literal path."""
    if not _PREFIX.fullmatch(text):
        raise ConfigurationError((Problem(f'--web.route-prefix takes a path such as /remediator, not "{text}"'),))
    return text


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; who connects before all is ready waits in its backlog."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, ValueError, TypeError) as error:  # the latter two: a host that cannot be one
        why = getattr(error, "strerror", None) or error
        hint = "another program has this port; --web.listen-address host:port chooses another one"
        taken = getattr(error, "errno", None) == errno.EADDRINUSE
        problem = Problem(f"cannot listen on {host}:{port}: {why}", hint=hint if taken else "")
        raise ConfigurationError((problem,)) from error


def refuse_open_doors(host: str, settings: Settings, web_file: WebFile, webhook: Credentials) -> None:
    """Only loopback is served without authentication."""
    if is_loopback(host) or settings.web.allow_unauthenticated:
        return
    missing = []
    if not web_file.users:
        missing.append("operators: give --web.config.file with basic_auth_users")
    if not webhook.required:
        missing.append("senders of alerts: set web.webhook.bearer_token_file or basic_auth_users")
    if missing:
        raise ConfigurationError((Problem(
            f"{host} can be reached from elsewhere, but nobody would have to log in; " + "; ".join(missing),
            hint="or listen on 127.0.0.1; or, behind a proxy that authenticates, web.allow_unauthenticated: true",
        ),))  # fmt: skip
