"""Escalates to Alertmanager: an alert about the run, where people are already being told about alerts.

``POST /api/v2/alerts`` (Alertmanager's OpenAPI, ``postAlerts``): a list of alerts with ``labels``,
``annotations``, ``startsAt``, ``endsAt`` (RFC 3339); the same labels update the same alert, and it
counts as resolved from ``endsAt`` on.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping

import aiohttp
from yarl import URL

from remediator.core.durations import SECOND
from remediator.core.records import RunView
from remediator.core.reporting import Message, Receipt, Telling
from remediator.errors import PermanentError
from remediator.interfaces.posting import post_json
from remediator.interfaces.report import compose
from remediator.interfaces.report_lines import clean, safe_url, show_time

ALERTNAME = "RemediatorRunNeedsAttention"
Proof = tuple[Mapping[str, str], ssl.SSLContext | bool]

_LABEL, _ANNOTATION = 200, 1000
_LASTS = 4 * 3600.0  #: Alertmanager's default repeat_interval: people are told at least once


class AlertmanagerEscalation:
    """Posts an alert for each escalation, and has no use for other tellings.

    ``url`` is Alertmanager's own, with its route prefix. ``proof``: asked at each post for the headers that prove who
    we are, and for whose certificates count. The alert stands for ``lasts`` seconds from
    the escalation, or from ``now()`` (microseconds) when that is given and the delivery was late.
    A run about such an alert is not escalated here again: it would feed itself.
    """

    name = "alertmanager"

    def __init__(
        self,
        url: str,
        session: aiohttp.ClientSession,
        *,
        lasts: float = _LASTS,
        now: Callable[[], int] | None = None,
        proof: Callable[[], Proof] = lambda: ({}, True),
        timeout: float = 30.0,
    ) -> None:
        self._url = str(URL(url) / "api/v2/alerts")
        self._session, self._lasts, self._now = session, lasts, now
        self._proof, self._timeout = proof, timeout

    async def tell(self, message: Message) -> Receipt | None:
        """Post the alert; there is no receipt, since the same labels find it again."""
        run = message.run
        if message.telling is not Telling.ESCALATION or run.plan.labels.get("alertname") == ALERTNAME:
            return None
        headers, trust = self._proof()
        answer = await post_json(
            self._session, self._url, [self._alert(run, message.topic)], service="Alertmanager", timeout=self._timeout,
            headers=headers, trust=trust,
        )  # fmt: skip
        if answer.status != 200:  # noqa: PLR2004 -- the one success that its API declares
            raise PermanentError(f"Alertmanager refuses the alert: {answer.status} {answer.text}")
        return None

    def _alert(self, run: RunView, to: str = "") -> dict[str, object]:
        report = compose(run)
        starts_at = run.finished_at if run.finished_at is not None else run.updated_at
        ends_at = max(starts_at, self._now() if self._now else starts_at) + int(self._lasts * SECOND)
        severity = run.plan.escalate or run.plan.labels.get("severity") or "critical"
        labels = {
            "alertname": ALERTNAME,
            "rule": run.plan.rule,
            "guide": run.plan.guide,
            "status": run.status.value,
            "severity": severity,
            "run": run.id,
            "to": to,
        }
        commands = [f"{line.label}: {line.text}" if line.label else line.text for line in report.advice]
        annotations = {
            "summary": clean(report.title, _ANNOTATION),
            "description": clean(f"{report.reason}. {' '.join(commands)}", _ANNOTATION),
            "runbook_url": safe_url(run.plan.runbook_url),
        }
        return {
            # An empty label is no label to Alertmanager.
            "labels": {name: shown for name, value in labels.items() if (shown := clean(value, _LABEL))},
            "annotations": {name: value for name, value in annotations.items() if value},
            "startsAt": show_time(starts_at),
            "endsAt": show_time(ends_at),
        }
