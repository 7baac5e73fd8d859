"""The account manager's site: a machine behind a real sshd, and everything else away until a scenario brings it.

On the machine ``systemctl``, ``journalctl`` and ``df`` are stand-ins that keep their state in files. What reads /proc is
real: sockets, processes, and memory and processors as long as a scenario does not say what to tell of them. The site's
own programs are real ones, too.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fakes.ssh_server import SshServer, start_sshd
from guides.scenario import Daemon, Site

UNIT = "sergas-app.service"
_SYSTEMCTL = """
case "$1" in
--no-ask-password) cat {home}/units/*/*.conf | sed -n 's/^\\(EnvironmentFile\\)=-\\(.*\\)/\\1s=\\2 (ignore_errors=yes)/p' > {home}/reloaded;;
show) cat {home}/unit; cat {home}/reloaded; printf 'ActiveEnterTimestampMonotonic='; cat {home}/since
    printf 'InvocationID='; cat {home}/invocation;;
--no-block) echo "$5" >> {home}/restarts; cp {home}/unit.after {home}/unit
    cat /proc/sys/kernel/random/uuid > {home}/invocation
    if [ -f {home}/meminfo.after ]; then cp {home}/meminfo.after {home}/meminfo; fi
    awk '{{printf "%d\\n", $1 * 1000000}}' /proc/uptime > {home}/since;;
esac
"""
_CAT = """
if [ "$2" = /proc/meminfo -a -f {home}/meminfo ]; then exec /bin/cat {home}/meminfo; fi
if [ "$2" = /proc/stat -a -f {home}/busy ]; then
    ticks=$((`date +%s%N` / 10000000)) busy=`/bin/cat {home}/busy`
    echo "cpu $((ticks * busy / 100)) 0 0 $((ticks * (100 - busy) / 100)) 0 0 0 0 0 0"
    echo "cpu0 0 0 0 0 0 0 0 0 0 0"
    exit
fi
exec /bin/cat "$@"
"""
_DF = """
echo Type 1B-blocks Used Avail Inodes IFree Mounted
echo ext4 100000000000 `cat {home}/used` `expr 100000000000 - \\`cat {home}/used\\`` 1000000 900000 /var/lib/postgresql
"""
_PROGRAMS = {
    "sergas-check-crm-token": "cat {home}/token",
    "sergas-refresh-crm-token": "echo fresh > {home}/token",
    "sergas-crash-dumps": "ls {home}",
    "sergas-revoke-sessions": 'echo "revoke $@" >> {home}/done',
    "sergas-block": 'echo "block $@" >> {home}/done',
}
_SETTABLE = (
    "MAX_CONCURRENT_ACCOUNTS", "CELERY_WORKER_CONCURRENCY", "DATABASE_TIMEOUT", "DATABASE_POOL_SIZE", "DATABASE_MAX_OVERFLOW",
    "CIRCUIT_BREAKER_FAILURE_THRESHOLD", "CIRCUIT_BREAKER_RECOVERY_TIMEOUT", "ENABLE_FAILOVER", "MAX_RETRY_ATTEMPTS",
    "ENABLE_RATE_LIMITING", "RATE_LIMIT_PER_MINUTE", "REDIS_CACHE_TTL", "ZOHO_BATCH_SIZE", "ZOHO_BATCH_DELAY",
)  # fmt: skip
_LOOKING = {"sergas-check-crm-token", "sergas-crash-dumps"}
_NOBODY = "http://127.0.0.1:9"


@dataclass
class Machine:
    """The machine that the service runs on. Its unit runs, unless a scenario says otherwise."""

    sshd: SshServer
    home: Path

    def unit(self, active: str = "active", sub: str = "running", result: str = "success", *, after: str = "active") -> None:
        """Say how the unit is, and how it will be after a restart."""
        for file, state, kind, why in (
            ("unit", active, sub, result), ("unit.after", after, "running" if after == "active" else "failed", "success"),
        ):  # fmt: skip
            (self.home / file).write_text(
                f"LoadState=loaded\nActiveState={state}\nSubState={kind}\nDescription=The account manager\nMainPID=0\n"
                f"NRestarts=0\nResult={why}\nExecMainStatus=1\nMemoryCurrent=[not set]\nJob=\n"
                f"Environment=DATABASE_HOST=db\nEnvironmentFiles={self.home}/environment (ignore_errors=no)\n"
            )

    def journal(self, *lines: str) -> None:
        """Say what the unit's journal holds, oldest first."""
        (self.home / "journal").write_text("".join(f"{line}\n" for line in reversed(lines)))

    def disk(self, share: float) -> None:
        """Say how full the database's disk is."""
        (self.home / "used").write_text(str(int(share * 100_000_000_000)))

    def memory(self, share: float, *, after: float) -> None:
        """Say how much of the memory is in use, now and after a restart."""
        for file, used in (("meminfo", share), ("meminfo.after", after)):
            free = int((1 - used) * 8_000_000)
            (self.home / file).write_text(
                f"MemTotal: 8000000 kB\nMemFree: {free} kB\nMemAvailable: {free} kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n"
            )

    def processors(self, share: float) -> None:
        """Say how busy the processors are."""
        (self.home / "busy").write_text(str(int(share * 100)))

    def environment(self, *names: str) -> None:
        """Say which variables the unit's environment file sets."""
        (self.home / "environment").write_text("".join(f"{name}=secret-{name}\n" for name in names))

    def lines(self, name: str) -> list[str]:
        """Return what was written to a file: "restarts", "done"."""
        file = self.home / name
        return file.read_text().splitlines() if file.exists() else []

    @property
    def variables(self) -> dict[str, str]:
        """The variables that our drop-in sets."""
        file = self.home / "units" / f"{UNIT}.d" / "90-remediator.env"
        lines = file.read_text().splitlines()[1:] if file.exists() else []
        return {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines)}

    @property
    def restarts(self) -> list[str]:
        """The units that were restarted, in order."""
        return self.lines("restarts")


@dataclass
class AccountManager:
    """The pack, and a machine for it."""

    site: Site
    machine: Machine

    @contextlib.asynccontextmanager
    async def running(
        self, connections: Mapping[str, Mapping[str, Any]] | None = None, **more: Any
    ) -> AsyncIterator[Daemon]:
        """Run the daemon; ``connections`` go over those of a site at which nothing but the machine answers."""
        known, edit = self._away(), more.pop("edit", None)

        def seldom(document: dict[str, Any]) -> None:
            for guide in document["guides"].values():
                guide.get("verify", {})["interval"] = "300ms"  # each look logs in by ssh
            if edit:
                edit(document)

        for system, named in (connections or {}).items():
            known[system] = known.get(system, {}) | dict(named)
        async with self.site.running("sergas-account-manager", connections=known, edit=seldom, **more) as daemon:
            yield daemon

    def _away(self) -> dict[str, dict[str, Any]]:
        home = self.machine.home
        commands = {}
        for name, text in _PROGRAMS.items():
            program = home / name
            program.write_text("#!/bin/sh\n" + text.format(home=home) + "\n")
            program.chmod(0o755)
            commands[name] = {"argv": [str(program)], "changes": name not in _LOOKING, "idempotent": True}
        machine = dict(self.machine.sshd.fields)
        listed = {name: {"pattern": "[0-9]{1,5}|true|false"} for name in _SETTABLE}
        return {
            "host": {"sergas": machine, "sergas-db": machine},
            "systemd": {"sergas": {"units": [UNIT], "environment": {UNIT: listed}, "drop_ins": str(home / "units")}},
            "http": {name: {"base_url": _NOBODY} for name in ("sergas", "sergas-public", "cognee")},
            "network": {"sergas": {"host": "127.0.0.1", "port": 9}},
            "postgres": {"sergas": {"host": "127.0.0.1", "port": 9, "user": "remediator", "sslmode": "disable"}},
            "redis": {"sergas": {"host": "127.0.0.1", "port": 9, "key_patterns": ["zoho:*"]}},
            "docker": {"default": {"socket": str(home / "no-docker"), "containers": ["cognee"]}},
            "kubernetes": {"default": {"kubeconfig": str(home / "no-cluster"), "request_timeout": "2s"}},
            "prometheus": {"default": {"url": _NOBODY, "scrape_interval": "0s"}},
            "command": commands,
        }


@pytest.fixture
async def sm(site: Site, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AccountManager]:
    """The account manager, all well on its machine: the unit runs, its variables are set, its journal is empty."""
    home = tmp_path_factory.mktemp("machine")
    async with start_sshd(home) as sshd:
        sshd.program("systemctl", _SYSTEMCTL.format(home=home))
        sshd.program("journalctl", f"cat {home}/journal")
        sshd.program("cat", _CAT.format(home=home))
        sshd.program("df", _DF.format(home=home))
        machine = Machine(sshd, home)
        (home / "reloaded").touch()
        (home / "since").write_text("1000000\n")
        (home / "invocation").write_text("first\n")
        (home / "token").write_text("expired\n")
        machine.unit()
        machine.journal()
        machine.disk(0.5)
        machine.environment(
            "DATABASE_USER", "DATABASE_NAME", "ZOHO_MCP_CLIENT_ID", "ZOHO_MCP_CLIENT_SECRET", "ZOHO_SDK_REFRESH_TOKEN",
            "COGNEE_API_KEY",
        )  # fmt: skip
        yield AccountManager(site, machine)


@pytest.fixture
def alert() -> Mapping[str, str]:
    """Labels that every alert of the account manager has."""
    return {"platform": "sergas-account-manager", "severity": "critical"}
