"""Webhooks as Alertmanager sends them, each with its own alerts, made before anything is measured."""

from __future__ import annotations

import argparse
import hashlib
import json
import time
import urllib.parse
import zlib
from dataclasses import dataclass
from typing import Any

ANNOTATIONS = {
    "summary": "Error rate above 5%",
    "description": "5xx ratio has been above 5% for 10 minutes",
    "runbook_url": "https://runbooks.example.com/HighErrorRate",
}
GENERATOR = "http://prom:9090/graph?g0.expr=x"


@dataclass(frozen=True, slots=True)
class Shot:
    """One webhook, ready to be sent."""

    ids: tuple[str, ...]  #: the aid of each of its alerts
    request: bytes  #: HTTP/1.1, head and body


def labels_of(options: argparse.Namespace, aid: str, number: int) -> dict[str, str]:
    """Return an alert's labels; all but ``aid`` and ``instance`` are the same for all."""
    instance = options.instance or f"10.0.{number % 250}.{zlib.crc32(aid.encode()) % 250}:9100"
    place = {} if options.no_instance else {"instance": instance}
    return {"alertname": options.alertname, "severity": options.severity, "job": "api", **place, "aid": aid}


def body_of(options: argparse.Namespace, run: str, number: int, started: str) -> tuple[tuple[str, ...], bytes]:
    """Return the aids and the body of one webhook (or of one POST to Alertmanager's API)."""
    ids = tuple(f"{run}-{number}-{position}" for position in range(options.alerts))
    same = {"annotations": ANNOTATIONS, "startsAt": started, "generatorURL": GENERATOR}
    alerts: list[dict[str, Any]] = [{"labels": labels_of(options, aid, number), **same} for aid in ids]
    if options.shape == "am":
        return ids, json.dumps(alerts).encode()
    for aid, alert in zip(ids, alerts, strict=True):
        digest = hashlib.md5(aid.encode(), usedforsecurity=False).hexdigest()[:16]
        alert |= {"status": "firing", "endsAt": "0001-01-01T00:00:00Z", "fingerprint": digest}
    group = f"{run}-{number}"
    shared = {"alertname": options.alertname, "severity": options.severity, "job": "api"}
    document = {
        "receiver": "remedy", "status": "firing", "alerts": alerts,
        "groupLabels": {"alertname": options.alertname, "grp": group},
        "commonLabels": alerts[0]["labels"] if len(alerts) == 1 else shared,
        "commonAnnotations": ANNOTATIONS, "externalURL": "http://am:9093", "version": "4",
        "groupKey": f'{{}}:{{alertname="{options.alertname}", grp="{group}"}}', "truncatedAlerts": 0,
    }  # fmt: skip
    return ids, json.dumps(document).encode()


def shots_of(options: argparse.Namespace, run: str) -> list[Shot]:
    """Make every request beforehand, so that making them is not measured."""
    url = urllib.parse.urlsplit(options.url)
    started = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + ".000Z"
    path = url.path + ("?" + url.query if url.query else "")
    lines = [
        f"POST {path} HTTP/1.1", f"Host: {url.netloc}", "User-Agent: Alertmanager/0.25.0",
        "Content-Type: application/json", *options.header,
    ]  # fmt: skip
    head = "\r\n".join(lines)
    shots = []
    for number in range(options.n):
        ids, body = body_of(options, run, number, started)
        shots.append(Shot(ids, f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body))
    return shots
