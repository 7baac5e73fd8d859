"""Real Prometheus and Alertmanager on loopback, with timers of a second.

    async with start_alertmanager(tmp_path, webhook_url) as alertmanager:
        async with start_prometheus(tmp_path, [target], rules, alertmanager.url) as prometheus:
            ...

Ports are ephemeral, data stands below ``tmp_path``. A missing program skips the test with a
reason; where CI=true is set it fails, so that a pipeline cannot pass without them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiohttp
import pytest
import yaml

PROMETHEUS = "/usr/bin/prometheus"
ALERTMANAGER = "/usr/bin/prometheus-alertmanager"
_STARTS_WITHIN = 15.0
_STOPS_WITHIN = 10.0
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    url: str  #: ``http://127.0.0.1:PORT``
    pid: int
    log: Path  #: what it wrote

    @property
    def host_port(self) -> str:
        return self.url.removeprefix("http://")


@contextlib.asynccontextmanager
async def start_prometheus(
    tmp_path: Path,
    scrape_targets: Sequence[str] = (),
    rules: str | Mapping[str, Any] | None = None,
    alertmanager_url: str | None = None,
) -> AsyncIterator[Server]:
    """Run Prometheus: scrapes ``scrape_targets`` (URLs or host:port, path /metrics) and evaluates each second.

    Its first scrape comes some five seconds after the start: so long it collects its targets.
    ``rules`` is a rule file (``{"groups": [...]}``) as text or structure. With ``alertmanager_url`` it sends alerts.
    """
    _need(PROMETHEUS)
    home = _home(tmp_path, "prometheus")
    targets = [_bare(url) for url in scrape_targets]
    config: dict[str, Any] = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "scrape_configs": [{"job_name": "test", "static_configs": [{"targets": targets}]}],
    }
    if rules is not None:
        text = rules if isinstance(rules, str) else yaml.safe_dump(dict(rules))
        (home / "rules.yml").write_text(text)
        config["rule_files"] = [str(home / "rules.yml")]
    if alertmanager_url is not None:
        config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [_bare(alertmanager_url)]}]}]}
    (home / "prometheus.yml").write_text(yaml.safe_dump(config))
    arguments = [
        f"--config.file={home / 'prometheus.yml'}",
        f"--storage.tsdb.path={home / 'data'}",
        "--rules.alert.resend-delay=1s",
        "--log.level=warn",
    ]
    async with _running(PROMETHEUS, arguments, home) as server:
        yield server


@contextlib.asynccontextmanager
async def start_alertmanager(
    tmp_path: Path,
    webhook_url: str | None = None,
    *,
    bearer_token: str | None = None,
    group_by: Sequence[str] = ("alertname",),
    repeat_interval: str = "1h",
    max_alerts: int = 0,
    inhibit_rules: Sequence[Mapping[str, Any]] = (),
) -> AsyncIterator[Server]:
    """Run one Alertmanager without a cluster; it posts to ``webhook_url``, waiting one second for a group."""
    _need(ALERTMANAGER)
    home = _home(tmp_path, "alertmanager")
    receiver: dict[str, Any] = {"name": "remediator"}
    if webhook_url is not None:
        webhook: dict[str, Any] = {"url": webhook_url, "send_resolved": True, "max_alerts": max_alerts}
        if bearer_token is not None:
            webhook["http_config"] = {"authorization": {"credentials": bearer_token}}
        receiver["webhook_configs"] = [webhook]
    config = {
        "route": {
            "receiver": "remediator", "group_by": list(group_by),
            "group_wait": "1s", "group_interval": "1s", "repeat_interval": repeat_interval,
        },
        "receivers": [receiver],
        "inhibit_rules": [dict(rule) for rule in inhibit_rules],
    }  # fmt: skip
    (home / "alertmanager.yml").write_text(yaml.safe_dump(config))
    arguments = [
        f"--config.file={home / 'alertmanager.yml'}",
        f"--storage.path={home / 'data'}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
    async with _running(ALERTMANAGER, arguments, home) as server:
        yield server


async def post_alert(
    alertmanager_url: str,
    labels: Mapping[str, str],
    *,
    over: bool = False,
    annotations: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Tell Alertmanager that an alert fires, or that it is over."""
    now = datetime.now(UTC)  # noqa: TID251 -- the other side's clock, not ours
    alert: dict[str, Any] = {"labels": dict(labels), "annotations": dict(annotations)}
    alert |= {"startsAt": (now - timedelta(minutes=5)).isoformat()}
    alert |= {"endsAt": (now + timedelta(seconds=-1 if over else 3600)).isoformat()}
    async with aiohttp.ClientSession() as session, session.post(f"{alertmanager_url}/api/v2/alerts", json=[alert]) as r:
        assert r.status == 200, await r.text()


async def post_silence(alertmanager_url: str, labels: Mapping[str, str]) -> str:
    """Silence the alerts that have these labels for an hour; return the silence's id."""
    now = datetime.now(UTC)  # noqa: TID251 -- the other side's clock, not ours
    silence = {
        "matchers": [{"name": k, "value": v, "isRegex": False, "isEqual": True} for k, v in labels.items()],
        "startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "test", "comment": "test",
    }  # fmt: skip
    url = f"{alertmanager_url}/api/v2/silences"
    async with aiohttp.ClientSession() as session, session.post(url, json=silence) as r:
        assert r.status == 200, await r.text()
        return str((await r.json())["silenceID"])


def _need(program: str) -> None:
    if shutil.which(program) is None:
        reason = f"{program} is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def _home(tmp_path: Path, name: str) -> Path:
    number = len(list(tmp_path.glob(f"{name}-*")))
    home = tmp_path / f"{name}-{number}"
    home.mkdir()
    return home


def _bare(url: str) -> str:
    return url.removeprefix("http://").rstrip("/")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def _running(program: str, arguments: Sequence[str], home: Path) -> AsyncIterator[Server]:
    log = home / "log"
    # Another process may take the port between our look and the server's start: then another try.
    for _ in range(_TRIES):
        port = _free_port()
        with log.open("ab") as out:
            process = await asyncio.create_subprocess_exec(
                program, f"--web.listen-address=127.0.0.1:{port}", *arguments,
                stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out, cwd=home,
            )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            if await _ready(process, url):
                yield Server(url, process.pid, log)
                return
        finally:
            await _stop(process)
    pytest.fail(f"{program} did not start:\n{log.read_text()[-2000:]}")


async def _ready(process: asyncio.subprocess.Process, url: str) -> bool:
    """Whether it became ready; false when it ended instead, or took too long."""
    async with aiohttp.ClientSession() as session:
        for _ in range(int(_STARTS_WITHIN / 0.05)):
            if process.returncode is not None:
                return False
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{url}/-/ready") as response:
                    if response.status == 200:
                        return True
            await asyncio.sleep(0.05)
    return False


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOPS_WITHIN)
    except TimeoutError:
        process.kill()
        await process.wait()
