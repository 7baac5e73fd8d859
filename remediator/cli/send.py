"""``remediator send``: post an alert as Alertmanager would."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from remediator.cli.client import DEFAULT_URL, Daemon, DaemonError, Url


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("send")(send)


def send(
    labels: Annotated[list[str] | None, typer.Argument(help="name=value, alertname among them.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A webhook body to post as it is.")] = None,
    annotation: Annotated[list[str] | None, typer.Option("--annotation", help="name=value")] = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="Say that it is over.")] = False,
    token_file: Annotated[Path | None, typer.Option("--token-file", help="The webhook's bearer token.")] = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Post a body from a file, or one alert made from labels."""
    if (file is None) == (not labels):
        raise typer.BadParameter("give either labels (alertname=X severity=critical) or --file")
    body = (
        file.read_bytes()
        if file
        else json.dumps(sample(pairs(labels or []), pairs(annotation or []), resolved=resolved)).encode()
    )
    headers = {"User-Agent": "Alertmanager/0.28.0"}
    if token_file:
        headers["Authorization"] = f"Bearer {token_file.read_text('utf-8').strip()}"
    typer.echo(Daemon(url, "", None).call("POST", "/api/v1/alertmanager", body, headers))


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
