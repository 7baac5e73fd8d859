"""The real daemon as a process in a folder of its own, and everything a test asks of it by HTTP and CLI.

    site = Site.make(tmp_path, rules=..., connections={"http": {"shop": {"base_url": shop.url}}})
    async with start_daemon(site) as daemon:
        run = await daemon.alert(alertname="ShopDown")
        shown = await daemon.reaches(run, "succeeded")

A site can be started again: rows stay. The port is chosen by the system and read from the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shlex
import signal
import sys
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

import aiohttp
import bcrypt
import yaml
from fakes.forking import Program, start

FINAL = frozenset({
    "succeeded", "recovered_itself", "unverified", "observed", "refused", "cancelled", "expired", "failed", "undone",
    "escalated", "unknown",
})  # fmt: skip
_STARTS_WITHIN = 20.0
_STOPS_WITHIN = 20.0
_LOOK = 0.04


@dataclass(frozen=True, slots=True)
class Site:
    """A folder with a configuration, rule files and, once the daemon ran, its rows."""

    home: Path
    flags: tuple[str, ...] = ()

    @classmethod
    def make(cls, home: Path, rules: Mapping[str, Any] | str, *flags: str, **config: Any) -> Self:
        """Write the files; ``config`` goes over defaults that allow ``http/**`` to be changed."""
        site = cls(home, flags)
        (home / "rules").mkdir(exist_ok=True)
        site.write_rules(rules)
        defaults = {"max_mode": "auto", "rules": ["rules/*.yaml"], "allow": {"targets": ["http/**"]}, "drain": "5s"}
        # One service is broken again and again here; that is not what these guards are for.
        limits = {"loop_guard": "0s", "stale": "0s", "flapping": None} | config.pop("limits", {})
        site.config.write_text(yaml.safe_dump(defaults | {"limits": limits} | config))
        return site

    @property
    def config(self) -> Path:
        return self.home / "remediator.yml"

    @property
    def store(self) -> Path:
        return self.home / "data" / "remediator.db"

    def write_rules(self, rules: Mapping[str, Any] | str) -> None:
        text = rules if isinstance(rules, str) else yaml.safe_dump(dict(rules), sort_keys=False)
        (self.home / "rules" / "rules.yaml").write_text(text)

    def file(self, name: str, text: str) -> str:
        """Write a small file, such as a secret, and return its name."""
        (self.home / name).write_text(text)
        return name

    def web_file(self, **passwords: str) -> str:
        """Write a web file with these operators; their passwords go into files ``NAME.password``."""
        users = {}
        for name, password in passwords.items():
            users[name] = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
            self.file(f"{name}.password", password + "\n")
        return self.file("web.yml", yaml.safe_dump({"basic_auth_users": users}))


@dataclass(slots=True)
class Daemon:
    """A running daemon. ``user``: as whom it is asked, with the password file that the site made."""

    site: Site
    process: Program
    session: aiohttp.ClientSession
    url: str = ""
    user: str = ""
    token: str = ""

    @property
    def pid(self) -> int:
        return self.process.pid

    def log(self) -> list[dict[str, Any]]:
        """Return what it has logged, over all its starts."""
        lines = (self.site.home / "stderr").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def console(self) -> str:
        """Return what it has told on its standard output."""
        return (self.site.home / "stdout").read_text()

    async def tells(self, text: str, within: float = 5.0) -> None:
        """Wait until its console says so: reports are delivered after what they are about."""
        for _ in range(int(within / _LOOK)):
            if text in self.console():
                return
            await asyncio.sleep(_LOOK)
        raise AssertionError(f"{text!r} is not in {self.console()!r}")

    def advised(self, label: str) -> list[str]:
        """Return the arguments of the last command that its console advised under this label."""
        said = [
            line.strip() for line in self.console().splitlines() if line.strip().startswith(f"{label}: remediator ")
        ]
        return shlex.split(said[-1].partition(": ")[2])[1:]

    async def ask(
        self, method: str, path: str, document: Any = None, *, data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:  # fmt: skip
        """Return the status and the answer, a document if it is JSON, else its text. Nobody is logged in."""
        async with self.session.request(method, self.url + path, json=document, data=data, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if "json" in answer.content_type else text

    async def api(self, path: str, document: Any = None) -> Any:
        """Ask the operator's API as ``user``: GET, or POST when there is a document. It must work."""
        headers = {"Authorization": basic(self.user, self.password)} if self.user else {}
        status, answer = await self.ask("GET" if document is None else "POST", path, document, headers=headers)
        assert status == 200, (path, status, answer)
        return answer

    @property
    def password(self) -> str:
        return (self.site.home / f"{self.user}.password").read_text().strip()

    async def post(self, body: bytes) -> tuple[int, Any]:
        """Post a notification as Alertmanager does."""
        headers = {"Content-Type": "application/json", "User-Agent": "Alertmanager/0.28.1"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return await self.ask("POST", "/api/v1/alertmanager", data=body, headers=headers)

    async def alert(self, *, over: bool = False, **labels: str) -> str:
        """Send one alert; return the id of the run that it started, or ""."""
        status, answer = await self.post(notification([labels], over=over))
        assert status == 202, answer
        return answer["runs"][0] if answer["runs"] else ""

    async def runs(self, **wanted: str) -> list[dict[str, Any]]:
        """Return the runs that have these values, oldest first."""
        found: list[dict[str, Any]] = await self.api("/api/v1/runs?limit=1000")
        return [run for run in reversed(found) if all(run[key] == value for key, value in wanted.items())]

    async def reaches(self, run: str, *statuses: str, held_by: str = "", within: float = 15.0) -> dict[str, Any]:
        """Wait until a run has one of these statuses (and is held by this guard); fail if it ends otherwise."""
        async with asyncio.timeout(within + 5):
            for _ in range(int(within / _LOOK)):
                shown: dict[str, Any] = await self.api(f"/api/v1/runs/{run}")
                if shown["status"] in statuses and held_by in ("", shown["held_by"]):
                    return shown
                if shown["status"] in FINAL:
                    break
                await asyncio.sleep(_LOOK)
        raise AssertionError(f"run {run} is {shown['status']}, not {statuses}: {shown['reason']} ({shown['held_by']})")

    async def metric(self, name: str, **labels: str) -> float:
        """Return a sample of /metrics; 0 when there is none."""
        text = await self.api("/metrics")
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        for line in text.splitlines():
            series, _, value = line.rpartition(" ")
            if series.partition("{")[0] == name and all(pair in series for pair in wanted):
                return float(value)
        return 0.0

    async def cli(self, *arguments: str, fails: bool = False) -> str:
        """Run the command line against this daemon; return what it prints (of a failing one: its errors)."""
        more = ["--user", self.user, "--password-file", f"{self.user}.password"] if self.user else []
        code, out, err = await command(self.site.home, *arguments, "--url", self.url, *more)
        assert (code != 0) is fails, (arguments, code, out, err)
        return err if fails else out

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it; return its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), _STOPS_WITHIN)


def notification(labels: list[Mapping[str, str]], *, over: bool = False, **fields: Any) -> bytes:
    """Return a webhook body, version 4, with an alert for each label set."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")  # noqa: TID251 -- the sender's clock
    status = "resolved" if over else "firing"
    alerts = [
        {
            "status": status, "labels": one, "annotations": {"summary": "a test"}, "startsAt": now,
            "endsAt": now if over else "0001-01-01T00:00:00Z", "generatorURL": "", "fingerprint": fingerprint(one),
        }
        for one in labels
    ]  # fmt: skip
    document = {
        "version": "4", "groupKey": '{}:{alertname="test"}', "truncatedAlerts": 0, "status": status,
        "receiver": "remediator", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093", "alerts": alerts,
    } | fields  # fmt: skip
    return json.dumps(document).encode()


def basic(user: str, password: str) -> str:
    """Return an ``Authorization`` header."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def fingerprint(labels: Mapping[str, str]) -> str:
    return blake2b(json.dumps(dict(labels), sort_keys=True).encode(), digest_size=8).hexdigest()


async def command(cwd: Path, *arguments: str) -> tuple[int, str, str]:
    """Run ``remediator`` to its end; return exit code, standard output, standard error."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        program = await start(*arguments, cwd=cwd, env=environment(), out=out, err=err)
        try:
            code = await asyncio.wait_for(program.wait(), 30)
        finally:
            program.kill()
        out.seek(0)
        err.seek(0)
        return code, out.read().decode(), err.read().decode()


@contextlib.asynccontextmanager
async def start_daemon(site: Site, *, user: str = "", token: str = "") -> AsyncIterator[Daemon]:
    """Run the daemon until the end of the block; what it logged is shown when the test fails."""
    log = site.home / "stderr"
    seen = len(log.read_text().splitlines()) if log.exists() else 0
    with log.open("ab") as err, (site.home / "stdout").open("ab") as out:
        process = await start(
            "serve", "--config.file", str(site.config), "--web.listen-address", "127.0.0.1:0", "--log.format", "json",
            *site.flags, cwd=site.home, env=environment(), out=out, err=err,
        )  # fmt: skip
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
        daemon = Daemon(site, process, session, user=user, token=token)
        try:
            await _ready(daemon, seen)
            yield daemon
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            sys.stderr.write(log.read_text()[-20_000:])


async def _ready(daemon: Daemon, seen: int) -> None:
    """Wait for the line that names its address, then for /-/ready."""
    for _ in range(int(_STARTS_WITHIN / _LOOK)):
        assert daemon.process.returncode is None, "the daemon ended instead of starting"
        lines = (daemon.site.home / "stderr").read_text().splitlines()[seen:]
        said = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        if listen := next((line["listen"] for line in said if line["event"] == "ready"), ""):
            daemon.url = f"http://{listen}"
            if (await daemon.ask("GET", "/-/ready"))[0] == 200:
                return
        await asyncio.sleep(_LOOK)
    raise AssertionError("the daemon did not become ready")


def environment() -> dict[str, str]:
    """Nothing of the caller's that the daemon or its commands would read."""
    unwanted = ("REMEDIATOR_", "KUBE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return kept | {"NO_COLOR": "1", "COLUMNS": "200", "NO_PROXY": "*"}
