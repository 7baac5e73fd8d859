"""Which Prometheus a command asks, and how it proves who it is: nothing secret stands on a command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from remediator.interfaces.configuration import Connections
    from remediator.interfaces.rule_files.live import Prometheus

Where = Annotated[
    str, typer.Option("--prometheus", help="A Prometheus to ask: its URL, or a connection's name with --config.file.")
]
TokenFile = Annotated[
    Path | None, typer.Option("--prometheus.bearer-token-file", help="File that holds a bearer token for the URL.")
]
User = Annotated[str, typer.Option("--prometheus.basic-auth-user", help="User name for the URL.")]
PasswordFile = Annotated[
    Path | None, typer.Option("--prometheus.basic-auth-password-file", help="File that holds that user's password.")
]
CaFile = Annotated[
    Path | None, typer.Option("--prometheus.ca-file", help="PEM file of the only authorities to trust for the URL.")
]


def server_of(
    where: str, connections: Connections | None, token_file: Path | None, user: str, password_file: Path | None,
    ca_file: Path | None,
) -> Prometheus | None:  # fmt: skip
    """Return the Prometheus that the options describe; None without any. Raise ConfigurationError for no URL."""
    given = any((token_file, user, password_file, ca_file))
    if not where:
        if given:
            raise typer.BadParameter("--prometheus.… need --prometheus URL")
        return None
    from remediator.actions.answers.access import BasicAuth  # noqa: PLC0415 -- other commands start faster
    from remediator.interfaces.rule_files.live import Prometheus  # noqa: PLC0415 -- see above

    if "://" not in where:
        return _named(where, connections, given=given)
    if bool(user) != bool(password_file):
        raise typer.BadParameter("--prometheus.basic-auth-user and --prometheus.basic-auth-password-file go together")
    if token_file and user:
        raise typer.BadParameter("give a bearer token or a user and password, not both")
    api = Prometheus.at(where).api
    more = {
        "bearer_token_file": str(token_file or ""), "ca_file": str(ca_file or ""),
        "basic_auth": BasicAuth(username=user, password_file=str(password_file)) if user else None,
    }  # fmt: skip
    return Prometheus(api.model_copy(update=more))


def _named(name: str, connections: Connections | None, *, given: bool) -> Prometheus:
    from remediator.actions.answers.api import ApiConnection  # noqa: PLC0415 -- see above
    from remediator.core.problems import nearest  # noqa: PLC0415 -- see above
    from remediator.interfaces.rule_files.live import Prometheus  # noqa: PLC0415 -- see above

    if connections is None:
        raise typer.BadParameter(f"--prometheus {name}: give a URL (http://…), or --config.file for a connection")
    if given:
        raise typer.BadParameter("a connection has its own credentials; --prometheus.… are for a URL")
    known = connections.get("prometheus", {})
    api = known.get(name)
    if not isinstance(api, ApiConnection):
        hint = nearest(name, known) or "connections.prometheus has none"
        raise typer.BadParameter(f"--prometheus: there is no Prometheus connection {name!r}; {hint}")
    return Prometheus(api)
