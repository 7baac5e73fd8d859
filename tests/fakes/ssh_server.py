"""A real sshd (Debian's openssh-server) on loopback, with keys of its own, for the user that runs the tests.

Programs in ``bin`` come first on its path: stand-ins for those that need a running system. ``commands`` is what was run.
Its home is its own: the shell reads no start files of whoever runs the tests, which may take long.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

SSHD = "/usr/sbin/sshd"


@dataclass
class SshServer:
    """A running server, and what a connection to it says."""

    port: int
    home: Path
    user: str

    @property
    def fields(self) -> dict[str, object]:
        return {"address": "127.0.0.1", "port": self.port, "user": self.user, "key_file": str(self.home / "user"), "known_hosts_file": str(self.home / "known_hosts")}

    def program(self, name: str, text: str) -> None:
        """Put a shell script on the server's path."""
        file = self.home / "bin" / name
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)


def make_key(file: Path) -> str:
    """Write a new private key; return the public one."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    file.write_bytes(key.export_private_key())
    file.chmod(0o600)
    return key.export_public_key().decode().strip()


@contextlib.asynccontextmanager
async def start_sshd(home: Path) -> AsyncIterator[SshServer]:
    """Run it in the foreground; its configuration forwards nothing and takes no password."""
    if shutil.which(SSHD) is None:
        if os.environ.get("CI") == "true":
            pytest.fail("openssh-server is not installed")
        pytest.skip("openssh-server is not installed")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd locks itself up before somebody has logged in
    (home / "bin").mkdir()
    host, user = make_key(home / "host"), make_key(home / "user")
    (home / "authorized").write_text(f"restrict {user}\n")  # as docs/hosts.md says
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (home / "known_hosts").write_text(f"[127.0.0.1]:{port} {host}\n")
    (home / "config").write_text(f"""ListenAddress 127.0.0.1:{port}
HostKey {home}/host
AuthorizedKeysFile {home}/authorized
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
PermitRootLogin prohibit-password
AllowAgentForwarding no
SetEnv HOME={home} PATH={home}/bin:/usr/sbin:/usr/bin:/sbin:/bin
""")
    with (home / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(SSHD, "-D", "-e", "-f", str(home / "config"), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            await asyncio.sleep(0.05)
        yield SshServer(port, home, getpass.getuser())
    finally:
        process.terminate()
        await process.wait()
