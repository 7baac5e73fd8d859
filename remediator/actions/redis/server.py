"""One conversation with a server: a connection of its own for each step, closed at its end.

Raw commands and raw answers (bytes, whole numbers, lists, None): what a server says is read by us,
bounded, and never trusted to have the right shape. redis-py's own retries are off.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Literal, Self

from remediator.actions.answers.access import hide, read_secret, trust
from remediator.actions.answers.reading import excerpt
from remediator.actions.context import Context
from remediator.actions.redis.connection import Connection
from remediator.actions.redis.library import Library, library
from remediator.errors import ActionError, AmbiguousError, PermanentError, TemporaryError

_SAID = 300
#: Refusals that pass by themselves; nothing was done.
_PASSING = ("LOADING", "BUSY ", "MASTERDOWN", "TRYAGAIN", "CLUSTERDOWN", "max number of clients")

Word = str | bytes | int


class Server:
    """An open connection; made by ``server_of``, used with ``async with``."""

    def __init__(self, wire: Any, used: Library, place: str, secrets: tuple[str, ...]) -> None:
        self._wire, self._library, self.place, self._secrets = wire, used, place, secrets
        errors = used.errors
        self._foreign = (errors.RedisError, OSError, ValueError, RecursionError)

    async def __aenter__(self) -> Self:
        try:
            await self._wire.connect()
        except self._foreign as error:
            await self._wire.disconnect(nowait=True)
            raise self._ours(error, sent=False, changes=False) from error
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> Literal[False]:
        await self._wire.disconnect(nowait=True)
        return False

    async def ask(self, *command: Word, changes: bool = False) -> Any:
        """Return the raw answer. Refusals: PermanentError or TemporaryError; no answer: by ``changes``."""
        try:
            await self._wire.send_command(*command)
            return await self._wire.read_response()
        except self._foreign as error:
            raise self._ours(error, sent=True, changes=changes) from error

    async def ask_each(self, commands: Sequence[Sequence[Word]]) -> list[Any]:
        """Return the answers to reading commands sent together; None where one was refused."""
        answers: list[Any] = []
        try:
            await self._wire.send_packed_command(self._wire.pack_commands(commands))
            for _ in commands:
                try:
                    answers.append(await self._wire.read_response())
                except self._library.errors.ResponseError:
                    answers.append(None)
        except self._foreign as error:
            raise self._ours(error, sent=True, changes=False) from error
        return answers

    def _ours(self, error: Exception, *, sent: bool, changes: bool) -> ActionError:
        """Return what a foreign error means: a refusal, or an answer that is missing."""
        errors, said = self._library.errors, excerpt(hide(str(error), self._secrets), _SAID)
        # Some refusals are ConnectionErrors to redis-py, which would try again; they are answers all the same.
        passing = (errors.BusyLoadingError, errors.ClusterDownError, errors.TryAgainError)
        if isinstance(error, passing) or said.startswith(_PASSING):
            return TemporaryError(f"{self.place} cannot answer yet: {said}")
        if isinstance(error, (errors.AuthenticationError, errors.AuthorizationError, errors.ResponseError)):
            return PermanentError(f"{self.place} refuses: {said}")
        if not sent:
            return TemporaryError(f"no connection to {self.place}: {said or type(error).__name__}", transport=True)
        text = f"no answer from {self.place}: {said or type(error).__name__}"
        return AmbiguousError(text, transport=True) if changes else TemporaryError(text, transport=True)


def server_of(name: str, context: Context) -> tuple[Connection, Server]:
    """Return a connection's configuration and a server to open. PermanentError for what is wrong on our side."""
    known: Connection = context.connection("redis", name)
    used = library()
    fields: dict[str, Any] = {
        "host": known.host, "port": known.port, "db": known.db, "protocol": 2, "retry": used.no_retry(),
        "parser_class": used.parser, "socket_timeout": known.timeout, "socket_connect_timeout": known.timeout,
        **used.silent,
    }  # fmt: skip
    secrets: tuple[str, ...] = ()
    if known.password_file:
        secrets = (read_secret(known.password_file),)
        fields |= {"username": known.username or None, "password": secrets[0]}
    kind = used.connection
    if known.tls:
        trust(known.ca_file, tls_verify=known.tls_verify)  # a file that cannot be used is our error
        kind = used.tls_connection
        fields |= {
            "ssl_cert_reqs": "required" if known.tls_verify else "none", "ssl_check_hostname": known.tls_verify,
            "ssl_ca_certs": known.ca_file or None, **used.trusting,
        }  # fmt: skip
    return known, Server(kind(**fields), used, f"{known.host}:{known.port}", secrets)


def opened(name: str, context: Context) -> Server:
    """Return the server of a connection, to be used with ``async with``."""
    return server_of(name, context)[1]


def words(answer: Any) -> str:
    """Return bytes as printable text; anything else becomes ""."""
    return excerpt(answer.decode(errors="replace"), _SAID) if isinstance(answer, bytes) else ""


def items(answer: Any) -> list[Any]:
    """Return a list's elements; of anything else none."""
    return answer if isinstance(answer, list) else []


def whole(answer: Any) -> int:
    """Return a whole number; anything else is 0."""
    return answer if isinstance(answer, int) else 0
