"""Runs the credential plug-in of a kubeconfig, so that nothing of it is left when its time is up.

kubernetes_asyncio starts it like any child, in our own process group, and lets it run on when nobody
waits for it any more. Here it leads a process group of its own, which is ended when the waiting ends
before the plug-in does; what it says is bounded, and what it complains about is read by nobody.
Source: Kubernetes, "Authenticating", client-go credential plugins.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import Any

_LONGEST = 1024 * 1024
_LAST_WORDS = 1.0  #: seconds for the kernel to end a killed process

FAILED = "exec: process returned"
"""How the error begins of a plug-in that ended with another exit code than 0."""


def in_a_group_of_its_own(provider: Any) -> Any:
    """Return the library's class ExecProvider with another way to run the program; arguments and environment stay."""

    class Provider(provider):  # type: ignore[misc]  # the library is loaded at run time, and has no types
        async def run(self, previous_response: str | None = None) -> Any:
            """Return the credential's status. Whatever is raised may quote the plug-in: it must not be shown."""
            spec: dict[str, Any] = {
                "interactive": False,
                **({"response": previous_response} if previous_response else {}),
            }
            asked = {"apiVersion": self.api_version, "kind": "ExecCredential", "spec": spec}
            code, said = await _output(self.args, {**self.env, "KUBERNETES_EXEC_INFO": json.dumps(asked)})
            if code:
                raise RuntimeError(f"{FAILED} {code}")
            credential = json.loads(said)
            if credential["kind"] != "ExecCredential" or credential["apiVersion"] != self.api_version:
                raise ValueError("exec: the answer is not the credential that was asked for")
            return credential["status"]

    return Provider


async def _output(argv: list[str], env: dict[str, str]) -> tuple[int, bytes]:
    """Return exit code and output; end the whole group when cancelled, or when it says too much."""
    process = await _start(argv, env)
    try:
        said = b""
        while part := await process.stdout.read(64 * 1024):  # type: ignore[union-attr]  # PIPE was asked for
            said += part
            if len(said) > _LONGEST:
                raise ValueError("exec: the answer is too long")
        return await process.wait(), said
    except BaseException:
        await _end(process)
        raise


async def _start(argv: list[str], env: dict[str, str]) -> Process:
    starting = asyncio.ensure_future(asyncio.create_subprocess_exec(
        *argv, env=env, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True,
    ))  # fmt: skip
    try:
        # Shielded: cancelled half-way, it would leave a child that nobody knows.
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError, ValueError):
            await _end(await starting)
        raise


async def _end(process: Process) -> None:
    """Kill the group. Its number is not given again while anything is left in it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it is gone, or changed its user
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LAST_WORDS):
            await process.wait()
