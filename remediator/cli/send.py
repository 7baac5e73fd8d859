"""``remediator send``: post an alert as Alertmanager would."""

from __future__ import annotations

import hashlib
import json
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from remediator.cli.answers import Accepted, DaemonError, read
from remediator.cli.arguments import body_of, line_of
from remediator.cli.client import DEFAULT_URL, Daemon, Url, as_bytes
from remediator.core.unprintable import one_line

if TYPE_CHECKING:
    from remediator.cli.http_config import Access


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("send")(send)


def send(
    labels: Annotated[list[str] | None, typer.Argument(help="name=value, alertname among them.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A webhook body to post as it is.")] = None,
    annotation: Annotated[list[str] | None, typer.Option("--annotation", help="name=value")] = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="Say that it is over.")] = False,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="File with the webhook's bearer token.")
    ] = None,
    user: Annotated[str, typer.Option("--user", help="Or a user of web.webhook.basic_auth_users.")] = "",
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help="File with that user's password.")
    ] = None,
    http_config: Annotated[
        Path | None,
        typer.Option("--http.config.file", help="Or Prometheus' http_config: basic_auth, authorization, tls_config."),
    ] = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Post a body from a file, or one alert made from labels."""
    if (file is None) == (not labels):
        raise typer.BadParameter("give either labels (alertname=X severity=critical) or --file")
    if file:
        body = body_of(file)
    else:
        made = sample(pairs(labels or []), pairs(annotation or []), resolved=resolved)
        body = as_bytes(json.dumps(made, ensure_ascii=False))
    access = access_of(token_file, user, password_file, http_config)
    headers = {"User-Agent": "Alertmanager/0.28.0", **access.headers}
    daemon = Daemon(url, "", None, access.trust)
    said = daemon.call("POST", "/api/v1/alertmanager", body, headers)
    accepted = read(said, Accepted, daemon.url)
    typer.echo(said)
    if not accepted["runs"] and not resolved:
        asked = shlex.join(labels) if labels else f"--payload {shlex.quote(str(file))}"
        typer.echo(one_line(f"remediator: no run has begun; why: remediator explain {asked}"), err=True)


def access_of(token_file: Path | None, user: str, password_file: Path | None, http_config: Path | None) -> Access:
    """Return how the sender proves who it is. Secrets stand in files only: a command line is seen by everybody."""
    from remediator.cli.http_config import Access, basic, read_http_config  # noqa: PLC0415 -- only when used

    if bool(user) != bool(password_file):
        raise typer.BadParameter("--user and --password-file go together")
    if ":" in user:
        raise typer.BadParameter("--user takes a name without a colon; the password stands in --password-file")
    if sum(map(bool, (token_file, user, http_config))) > 1:
        raise typer.BadParameter("give one of --token-file, --user with --password-file, --http.config.file")
    if http_config:
        return read_http_config(http_config)
    if password_file:
        return Access({"Authorization": basic(user, line_of(password_file))})
    return Access({"Authorization": f"Bearer {line_of(token_file)}"} if token_file else {})


def pairs(written: list[str]) -> dict[str, str]:
    """Return ``name=value`` arguments as a mapping."""
    for pair in written:
        if "=" not in pair:
            raise DaemonError(f'"{pair}" is not name=value')
    return dict(pair.split("=", 1) for pair in written)


def sample(labels: dict[str, str], annotations: dict[str, str], *, resolved: bool = False) -> dict[str, Any]:
    """Return a webhook body, version 4, with one alert."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")  # noqa: TID251 -- a command's own time
    digest = hashlib.blake2b(json.dumps(labels, sort_keys=True).encode(), digest_size=8).hexdigest()
    status = "resolved" if resolved else "firing"
    alert = {
        "status": status, "labels": labels, "annotations": annotations, "startsAt": now,
        "endsAt": now if resolved else "0001-01-01T00:00:00Z", "generatorURL": "", "fingerprint": digest,
    }  # fmt: skip
    return {
        "version": "4", "groupKey": f'{{}}:{{alertname="{labels.get("alertname", "")}"}}', "truncatedAlerts": 0,
        "status": status, "receiver": "remediator", "groupLabels": {}, "commonLabels": labels,
        "commonAnnotations": annotations, "externalURL": "", "alerts": [alert],
    }  # fmt: skip
