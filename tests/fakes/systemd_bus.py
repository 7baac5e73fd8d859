"""A fake systemd: a real D-Bus service on a private dbus-daemon that answers as org.freedesktop.systemd1. No systemd is asked.

    async with start_bus(tmp_path) as address, start_systemd(address) as systemd:
        systemd.add("shop.service")
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import Message, MessageType, RequestNameReply, Variant
from dbus_fast.aio import MessageBus

NAME = "org.freedesktop.systemd1"
_SIGNATURES = {int: "u", str: "s", bytes: "ay", list: "as", tuple: "(uo)"}


@contextlib.asynccontextmanager
async def start_bus(folder: Path) -> AsyncIterator[str]:
    """Run a dbus-daemon of its own; yield its address."""
    if shutil.which("dbus-daemon") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("dbus-daemon is not installed")
        pytest.skip("dbus-daemon is not installed")
    process = await asyncio.create_subprocess_exec(
        "dbus-daemon", "--session", "--nofork", "--nopidfile", "--nosyslog", "--print-address", f"--address=unix:path={folder}/bus",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert process.stdout
        yield (await asyncio.wait_for(process.stdout.readline(), 10)).decode().strip()
    finally:
        process.terminate()
        await process.wait()


@dataclass
class FakeSystemd:
    """Units by name, with their properties; what was asked; how it behaves."""

    units: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, ...]] = field(default_factory=list)
    refuse: str = ""  #: the name of an error that RestartUnit answers
    silent: bool = False  #: RestartUnit does its work and does not answer
    slow: int = 0  #: for so many looks a restart stays under way
    fails: bool = False  #: the unit does not come up again
    folder: Path = Path("/nowhere")  #: where drop-ins are
    _busy: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, **properties: Any) -> None:
        self.units[name] = {
            "LoadState": "loaded", "ActiveState": "active", "SubState": "running", "Description": f"The {name}", "Result": "success",
            "MainPID": os.getpid(), "NRestarts": 0, "ExecMainStatus": 0, "MemoryCurrent": Variant("t", 2**64 - 1),
            "ActiveEnterTimestampMonotonic": Variant("t", 1_000_000), "InvocationID": secrets.token_bytes(16), "Environment": [],
            "EnvironmentFiles": Variant("a(sb)", []), **properties,
        }  # fmt: skip

    def answer(self, message: Message) -> Message | bool | None:
        if message.message_type is not MessageType.METHOD_CALL or not (message.path or "").startswith("/org/freedesktop/systemd1"):
            return None
        if message.member == "LoadUnit":
            return Message.new_method_return(message, "o", ["/org/freedesktop/systemd1/unit/" + message.body[0].encode().hex()])
        if message.member == "Reload":
            self.calls.append(("Reload",))
            if not self.refuse:
                self.reload()
            return Message.new_error(message, self.refuse, "not for you") if self.refuse else Message.new_method_return(message)
        if message.member == "GetAll":
            return Message.new_method_return(message, "a{sv}", [self._properties(message)])
        self.calls.append((str(message.member), *map(str, message.body)))
        if self.refuse:
            return Message.new_error(message, self.refuse, "not for you")
        self.restart(message.body[0])
        return True if self.silent else Message.new_method_return(message, "o", ["/org/freedesktop/systemd1/job/7"])

    def restart(self, name: str) -> None:
        self._busy[name] = self.slow
        state = {"ActiveState": "failed", "SubState": "failed", "Result": "exit-code"} if self.fails else {"ActiveState": "active"}
        self.units[name] |= {"InvocationID": secrets.token_bytes(16), "ActiveEnterTimestampMonotonic": Variant("t", int(time.monotonic() * 1e6)), "NRestarts": 0, **state}

    def reload(self) -> None:
        """Read the drop-ins in ``folder`` again: of those, the environment files that they name."""
        for name, unit in self.units.items():
            conf = [line for file in sorted(self.folder.glob(f"{name}.d/*.conf")) for line in file.read_text().splitlines()]
            files = [line.partition("=")[2] for line in conf if line.startswith("EnvironmentFile=")]
            unit["EnvironmentFiles"] = Variant("a(sb)", [[file.removeprefix("-"), file.startswith("-")] for file in files])

    def _properties(self, message: Message) -> dict[str, Variant]:
        name = bytes.fromhex((message.path or "").rpartition("/")[2]).decode()
        found = dict(self.units.get(name, {"LoadState": "not-found", "ActiveState": "inactive", "SubState": "dead"}))
        left = self._busy.get(name, 0)
        if message.body[0].endswith(".Unit"):
            self._busy[name] = max(left - 1, 0)
        found["Job"] = (7, "/org/freedesktop/systemd1/job/7") if left else (0, "/")
        return {key: self._variant(value) for key, value in found.items()}

    @staticmethod
    def _variant(value: Any) -> Variant:
        return value if isinstance(value, Variant) else Variant(_SIGNATURES[type(value)], list(value) if isinstance(value, tuple) else value)


@contextlib.asynccontextmanager
async def start_systemd(address: str) -> AsyncIterator[FakeSystemd]:
    """Own systemd's name on this bus."""
    bus = await MessageBus(bus_address=address).connect()
    fake = FakeSystemd()
    bus.add_message_handler(fake.answer)
    try:
        assert await bus.request_name(NAME) is RequestNameReply.PRIMARY_OWNER
        yield fake
    finally:
        bus.disconnect()
        await bus.wait_for_disconnect()
