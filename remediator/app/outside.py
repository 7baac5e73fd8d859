"""Whom the daemon tells and asks: Slack, the console, Alertmanager."""

from __future__ import annotations

import sys
from typing import Any

import aiohttp

from remediator import __version__
from remediator.actions.context import Context
from remediator.core.alert import Standing
from remediator.core.reporting import Reporter
from remediator.engine.clock import Clock
from remediator.engine.confirm import Confirm
from remediator.interfaces.configuration import Connections
from remediator.interfaces.secret_files import Secrets
from remediator.settings import Settings


def make_session() -> aiohttp.ClientSession:
    """Return the one session through which all HTTP goes. It keeps no cookies and heeds no proxy variables."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60), auto_decompress=True,
        cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, headers={"User-Agent": f"remediator/{__version__}"},
    )  # fmt: skip


def make_reporters(
    settings: Settings, connections: Connections, secrets: Secrets, session: aiohttp.ClientSession, clock: Clock
) -> list[Reporter]:
    """Return Slack, or what there is without it: the console, and Alertmanager for escalations."""
    reporters: list[Reporter] = []
    slack = settings.slack
    if slack is not None:
        from remediator.interfaces.slack import SlackReporter, SlackWebhookReporter  # noqa: PLC0415 -- only when used

        if slack.webhook_url_file:
            reporters.append(SlackWebhookReporter(secrets.slack, session))
        else:
            channel, api, mention = slack.channel or "", slack.api_url, slack.mention
            reporters.append(SlackReporter(secrets.slack, channel, session, api_url=api, mention=mention))
    if settings.report.console == "on" or (settings.report.console == "auto" and slack is None):
        from remediator.interfaces.console import ConsoleReporter  # noqa: PLC0415 -- only when used

        reporters.append(ConsoleReporter(sys.stdout))
    alertmanager = connections.get("alertmanager", {}).get(settings.report.escalate_to or "")
    if slack is None and alertmanager is not None:
        from remediator.actions.answers.access import credentials, trust  # noqa: PLC0415 -- see above
        from remediator.interfaces.escalate_alertmanager import AlertmanagerEscalation, Proof  # noqa: PLC0415 -- only when used

        reached: Any = alertmanager  # the registry's model of this system

        def proof() -> Proof:
            return credentials(reached).headers, trust(reached.ca_file, tls_verify=reached.tls_verify)

        reporters.append(AlertmanagerEscalation(reached.url, session, now=clock.now, proof=proof))
    return reporters


def make_confirm(connections: Connections) -> Confirm | None:
    """Return who can be asked how an alert stands, and can silence it: Alertmanager, when it is configured."""
    if "default" not in connections.get("alertmanager", {}):
        return None
    from remediator.actions.alertmanager import working  # noqa: PLC0415 -- only when used

    class AskAlertmanager:
        async def state_of(self, labels: dict[str, str], context: Context) -> Standing:
            return await working.standing(context, "default", labels)

        async def silence(self, labels: dict[str, str], ends_at: int, why: str, context: Context) -> dict[str, Any]:
            return await working.silence_while_working(context, "default", labels, ends_at, why)

        async def loud_again(self, labels: dict[str, str], ends: tuple[int, ...], context: Context) -> int:
            return await working.loud_again(context, "default", labels, ends)

    return AskAlertmanager()


def longest_silence(connections: Connections) -> float:
    """Return for how many seconds an alert may be silenced while a run works on it; 0: not at all."""
    return float(getattr(connections.get("alertmanager", {}).get("default"), "longest_silence", 0.0))
