"""What an action is handed besides its parameters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import aiohttp
from msgspec import Struct, field

from remediator.core.problems import nearest
from remediator.errors import PermanentError

T = TypeVar("T")


class Clients:
    """Clients that live as long as the daemon, made at first use and closed once."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    async def get(self, key: str, make: Callable[[], Awaitable[T]]) -> T:
        """Return the client of this key (``kubernetes/default``), making it the first time."""
        if key not in self._made:
            made = await make()
            self._made.setdefault(key, made)
            if self._made[key] is not made and hasattr(made, "close"):
                await made.close()
        found: T = self._made[key]
        return found

    async def close(self) -> None:
        """Close every client, last made first."""
        while self._made:
            _, client = self._made.popitem()
            if hasattr(client, "close"):
                await client.close()


class Context(Struct, frozen=True):
    """What an action is handed besides its parameters."""

    session: aiohttp.ClientSession  #: the one client session of the daemon
    clients: Clients
    #: ``connections[system][name]``: the ``Connection`` model of that system's module, as configured.
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    run: str = ""  #: the run's id
    key: str = ""  #: names this step of this run; the same when it is repeated (an idempotency key)
    now: int = 0  #: microseconds since 1970, when the step began
    starts_at: int | None = None  #: when the run's alert began, in microseconds
    changed_at: int | None = None  #: when this run last changed something, in microseconds
    #: Patterns of targets that are never changed (``allow.protected``, our own workload): for what an action
    #: finds only while it looks, such as the pods of a node. The targets that it declares are judged by the engine.
    protected: tuple[str, ...] = ()

    def connection(self, system: str, name: str) -> Any:
        """Return the configured connection; PermanentError names the ones there are."""
        named = self.connections.get(system, {})
        if name not in named:
            hint = nearest(name, named) or f"none is configured under connections.{system}"
            raise PermanentError(f'no {system} connection "{name}"; {hint}')
        return named[name]
