"""The programs that are measured: how each is configured, started, found ready, and ended.

All listen on loopback, on a port that was free a moment before, and write below one folder. Only
processes that were started here are ended here, by their number.
"""

from __future__ import annotations

import http.client
import json
import shlex
import shutil
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no type information

HERE = Path(__file__).parent
READY_WITHIN = 30.0  #: seconds
STOPS_WITHIN = 30.0  #: seconds
LOOK_EVERY = 0.002  #: seconds between two looks whether something is ready
HTTP_OK = 200

SETTINGS = """\
max_mode: auto
allow: {targets: ["host/**"]}
rules: [rules.yaml]
limits:
  steps_per_backend: 32
  per_target: {max: 1000000, per: 1h}
  per_namespace: {max: 1000000, per: 1h}
  overall: {max: 1000000, per: 1h}
  budget: {max: 1000000, per: 1h}
  storm: {max: 1000000, per: 1m}
  stale: 3650d
backend_breaker: {failures: 1000000}
outcome_breaker: {failures: 1000000}
report: {console: "off"}
"""
RULES = """\
rules:
  - name: bench
    match: alertname = "HighErrorRate"
    guide: call
    with: {job: "{{ labels.job }}", aid: "{{ labels.aid }}"}
    mode: auto
    limits: {cooldown: 1m, throttle: {max: 1000000, per: 1h}}
guides:
  call:
    summary: call the sink
    parameters:
      job: {type: string}
      aid: {type: string}
    target: host/{{ params.job }}/{{ params.aid }}
    remedies:
      - name: call
        steps:
          - http.request: {url: "SINK/act/{{ params.aid }}", method: POST}
"""
#: bash and its /dev/tcp: the cheapest program at hand that makes one HTTP call.
CALL = r'exec 3<>/dev/tcp/127.0.0.1/PORT; printf "POST /act/%s HTTP/1.0\r\n\r\n" "$1" >&3; read -r _ <&3'


class NotStartedError(Exception):
    """A program did not become ready."""


@dataclass(frozen=True, slots=True)
class Started:
    """A running contender."""

    process: subprocess.Popen[bytes]
    port: int
    seconds: float  #: from its start until it was ready

    @property
    def megabytes(self) -> float:
        """Its resident memory now, in MB (10^6 bytes), children included."""
        own = psutil.Process(self.process.pid)
        return float(sum(each.memory_info().rss for each in (own, *own.children(recursive=True)))) / 1e6


class Contender(ABC):
    """One program. ``folder`` is its own; it is configured when this is made."""

    name: str
    hook: str  #: path that alerts are posted to
    ready: str  #: path that answers 200 when it is ready

    def __init__(self, folder: Path, sink: str) -> None:
        self.folder, self.sink = folder, sink
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "log"
        self.configure()

    @abstractmethod
    def configure(self) -> None:
        """Write its files."""

    @abstractmethod
    def command(self, port: int) -> list[str]:
        """Return the command line that starts it."""

    @staticmethod
    def missing() -> str:
        """Say why it cannot be measured here; empty when it can."""
        return ""

    def shell_command(self, port: int, pidfile: Path) -> str:
        """Return what a shell starts it with, when it has been killed."""
        command = shlex.join(self.command(port))
        files = f"{shlex.quote(str(pidfile))}; cd {shlex.quote(str(self.folder))}"
        return f"echo $$ > {files}; exec {command} >> {shlex.quote(str(self.log))} 2>&1"

    def start(self) -> Started:
        """Start it and wait until it is ready. Raise NotStartedError with the end of its log."""
        port = free_port()
        with self.log.open("ab") as log:
            began = time.perf_counter()
            process = subprocess.Popen(
                self.command(port), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        while time.perf_counter() - began < READY_WITHIN and process.poll() is None:
            if answers(port, self.ready):
                return Started(process, port, time.perf_counter() - began)
            time.sleep(LOOK_EVERY)
        stop(process.pid)
        process.wait()
        raise NotStartedError(f"{self.name} did not become ready:\n{self.log.read_text('utf-8', 'replace')[-2000:]}")


class Ours(Contender):
    """remediator: one rule, one HTTP call, every guard configured, no verification, no reports."""

    name, hook, ready = "remediator", "/webhook", "/-/ready"

    def configure(self) -> None:
        """Write the daemon's configuration and the rule file."""
        (self.folder / "remediator.yml").write_text(SETTINGS)
        (self.folder / "rules.yaml").write_text(RULES.replace("SINK", self.sink))

    def command(self, port: int) -> list[str]:
        """Serve, with its log in JSON."""
        options = ["--config.file=remediator.yml", f"--web.listen-address=127.0.0.1:{port}", "--log.format=json"]
        return [sys.executable, "-m", "remediator", "serve", *options]


class Floor(Contender):
    """The least program that does the same job durably (floor.py)."""

    name, hook, ready = "floor", "/webhook", "/-/ready"

    def configure(self) -> None:
        """It has no files of its own."""

    def command(self, port: int) -> list[str]:
        """Serve."""
        return [sys.executable, str(HERE / "floor.py"), f"--port={port}", f"--sink={self.sink}", "--store=floor.db"]


class GoWebhook(Contender):
    """Debian's package ``webhook``, written in Go: answers, then runs a command. It stores nothing."""

    name, hook, ready = "webhook", "/hooks/alert", "/"

    @staticmethod
    def missing() -> str:
        """Whether the package is there, and the shell that its command needs."""
        return next((f"{each} is not installed" for each in ("webhook", "bash") if not shutil.which(each)), "")

    def configure(self) -> None:
        """Write its hooks: one command for each body, with the first alert's id."""
        script = CALL.replace("PORT", self.sink.rpartition(":")[2])
        arguments = [
            *({"source": "string", "name": text} for text in ("-c", script, "act")),
            {"source": "payload", "name": "alerts.0.labels.aid"},
        ]
        hook = {"id": "alert", "execute-command": shutil.which("bash"), "pass-arguments-to-command": arguments}
        (self.folder / "hooks.json").write_text(json.dumps([hook]))

    def command(self, port: int) -> list[str]:
        """Serve."""
        return ["webhook", "-hooks", "hooks.json", "-ip", "127.0.0.1", "-port", str(port)]


def free_port() -> int:
    """Return a port of loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int, path: str) -> bool:
    """Whether a server there says 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTP_OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def stop(pid: int) -> None:
    """End a process that was started here: SIGTERM, and SIGKILL when it does not listen."""
    try:
        process = psutil.Process(pid)
        process.terminate()
        process.wait(STOPS_WITHIN)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(STOPS_WITHIN)
    except psutil.NoSuchProcess:
        return
