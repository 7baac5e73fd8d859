"""One ssh connection for one step. Host keys are checked always; the key comes from a file; no agent, no forwarding.

The user's own ssh configuration, keys and agent count for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from remediator.actions.answers.access import SECRET_LIMIT
from remediator.actions.answers.reading import excerpt
from remediator.errors import ActionError, AmbiguousError, PermanentError, TemporaryError

_KNOWN_HOSTS = 1024 * 1024  #: bytes
_SAID = 300


@cache
def library() -> Any:
    """Import asyncssh, the first time; PermanentError names the extra when it is not installed."""
    try:
        import asyncssh  # noqa: PLC0415 -- imported late: start time counts
    except ImportError as error:
        raise PermanentError('ssh needs the extra "host": pip install "remediator[host]"') from error
    return asyncssh


class Said(NamedTuple):
    """What a command left behind."""

    code: int
    output: bytes
    errors: bytes
    cut: bool


@asynccontextmanager
async def opened(
    address: str, port: int, user: str, key_file: str, known_hosts_file: str, patience: float
) -> AsyncIterator[Ssh]:
    """Yield an open connection. A key or host key that is not right: PermanentError; nobody there: TemporaryError."""
    asyncssh, place = library(), f"{address}:{port}"
    key, hosts = _key(key_file), _known_hosts(known_hosts_file)
    try:
        wire = await asyncssh.connect(
            address, port, username=user, client_keys=[key], known_hosts=hosts, config=None, agent_path=None,
            agent_forwarding=False, x11_forwarding=False, preferred_auth="publickey", password_auth=False,
            kbdint_auth=False, host_based_auth=False, gss_host=None, gss_kex=False, gss_auth=False,
            pkcs11_provider=None, disable_trivial_auth=True, connect_timeout=patience, login_timeout=patience,
        )  # fmt: skip
    except asyncssh.HostKeyNotVerifiable as error:
        raise PermanentError(f"the host key of {place} is not the one in {known_hosts_file}") from error
    except asyncssh.PermissionDenied as error:
        raise PermanentError(f"{place} refuses user {user} with the key in {key_file}") from error
    except (asyncssh.Error, OSError, ValueError) as error:
        raise TemporaryError(f"no ssh connection to {place}: {_why(error)}", transport=True) from error
    async with wire:
        yield Ssh(wire, place)


class Ssh:
    """An open connection."""

    def __init__(self, wire: Any, place: str) -> None:
        self._wire, self.place = wire, place

    async def run(self, line: str, limit: int, errors_limit: int, *, changes: bool, given: bytes = b"") -> Said:
        """Run one command line, ``given`` on its input; at most so many bytes of its output and error output."""
        asyncssh = library()
        source = {"input": given} if given else {"stdin": asyncssh.DEVNULL}
        try:
            process = await self._wire.create_process(line, encoding=None, **source)
            (output, cut), (errors, _) = await asyncio.gather(
                _bounded(process.stdout, limit, process), _bounded(process.stderr, errors_limit)
            )
            await process.wait_closed()
        except (asyncssh.Error, OSError) as error:
            raise self._lost(error, changes=changes) from error
        if process.returncode is None and not cut:
            raise self._lost(None, changes=changes)
        return Said(process.returncode or 0, output, errors, cut)

    def _lost(self, error: Exception | None, *, changes: bool) -> ActionError:
        text = f"no answer from {self.place}: {_why(error) if error else 'the connection ended'}"
        return AmbiguousError(text, transport=True) if changes else TemporaryError(text, transport=True)


async def _bounded(stream: Any, limit: int, ends: Any = None) -> tuple[bytes, bool]:
    kept, more = bytearray(), False
    while piece := await stream.read(65_536):
        room = limit - len(kept)
        kept += piece[:room]
        if len(piece) > room:
            more = True
            if ends is not None:
                ends.close()
                break
    return bytes(kept), more


def _key(path: str) -> Any:
    asyncssh = library()
    try:
        with Path(path).open("rb") as file:
            return asyncssh.import_private_key(file.read(SECRET_LIMIT))
    except OSError as error:
        raise PermanentError(f"cannot read the key in {path}: {_why(error)}") from error
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError):
        # Not chained: the foreign error may carry what stands in the file.
        raise PermanentError(f"{path} holds no private key without a passphrase") from None


def _known_hosts(path: str) -> Any:
    try:
        with Path(path).open("rb") as file:
            text = file.read(_KNOWN_HOSTS).decode()
        if not text.strip():
            raise PermanentError(f"no host key stands in {path}")
        return library().import_known_hosts(text)
    except OSError as error:
        raise PermanentError(f"cannot read the host keys in {path}: {_why(error)}") from error
    except ValueError as error:
        raise PermanentError(f"the host keys in {path} cannot be read") from error


def _why(error: Exception) -> str:
    return excerpt(getattr(error, "strerror", None) or str(error) or type(error).__name__, _SAID)
