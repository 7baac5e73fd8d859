"""systemd over D-Bus (org.freedesktop.systemd1(5)): raw calls, no introspection, answers read by us."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from remediator.actions.answers.reading import excerpt
from remediator.errors import AmbiguousError, PermanentError, TemporaryError

_NAME, _PATH = "org.freedesktop.systemd1", "/org/freedesktop/systemd1"
_MANAGER = f"{_NAME}.Manager"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_ERROR = "org.freedesktop.DBus.Error"
#: After these nobody knows whether the call arrived.
_LOST = (f"{_ERROR}.NoReply", f"{_ERROR}.Timeout", f"{_ERROR}.Disconnected")
_NO_START = f"{_ERROR}.Spawn."  #: the bus could not start it
_AWAY = (f"{_ERROR}.ServiceUnknown", f"{_ERROR}.NameHasNoOwner")
_SAID = 300


@cache
def library() -> tuple[Any, Any, Any]:
    """Import dbus-fast, the first time; PermanentError names the extra when it is not installed."""
    try:
        import dbus_fast  # noqa: PLC0415 -- imported late: start time counts
        from dbus_fast import errors  # noqa: PLC0415 -- see above
        from dbus_fast.aio import MessageBus  # noqa: PLC0415 -- see above
    except ImportError as error:
        raise PermanentError('systemd actions need the extra "host": pip install "remediator[host]"') from error
    return dbus_fast, errors, MessageBus


@asynccontextmanager
async def opened(address: str, patience: float) -> AsyncIterator[Bus]:
    """Yield a connection to a bus, the system's when no address is given."""
    dbus, errors, message_bus = library()
    place = "systemd on this machine"
    bus = None
    try:
        async with asyncio.timeout(patience):
            bus = message_bus(bus_address=address or None, bus_type=dbus.BusType.SYSTEM)
            await bus.connect()
    except (errors.InvalidAddressError, ValueError) as error:
        raise PermanentError("the bus has no such address as connections.systemd says") from error
    except (errors.DBusError, errors.AuthError, OSError, EOFError) as error:
        if bus is not None:
            bus.disconnect()
        why = excerpt(getattr(error, "strerror", None) or str(error) or "the time was up", _SAID)
        raise TemporaryError(f"no connection to the bus of {place}: {why}", transport=True) from error
    try:
        yield Bus(bus, place, patience)
    finally:
        bus.disconnect()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(bus.wait_for_disconnect(), 1.0)


class Bus:
    """An open connection."""

    def __init__(self, wire: Any, place: str, patience: float) -> None:
        self._wire, self.place, self._patience = wire, place, patience

    async def properties(self, unit: str) -> dict[str, Any]:
        """Return the unit's properties, a service's own among them, as plain values."""
        path = await self._call(_PATH, _MANAGER, "LoadUnit", "s", [unit])
        if not isinstance(path, str):
            raise PermanentError(f"{self.place} does not answer as systemd does")
        found: dict[str, Any] = {}
        for kind in ("Unit", *(("Service",) if unit.endswith(".service") else ())):
            answer = await self._call(path, _PROPERTIES, "GetAll", "s", [f"{_NAME}.{kind}"])
            for name, variant in answer.items() if isinstance(answer, dict) else ():
                found[str(name)] = getattr(variant, "value", None)
        return found

    async def restart(self, unit: str) -> None:
        """Ask for a restart, as ``systemctl --no-block restart`` does."""
        await self._call(_PATH, _MANAGER, "RestartUnit", "ss", [unit, "replace"], changes=True)

    async def reload(self) -> None:
        """Let systemd read its files again, as ``systemctl daemon-reload`` does."""
        await self._call(_PATH, _MANAGER, "Reload", "", [], changes=True)

    async def _call(
        self, path: str, interface: str, member: str, signature: str, body: list[Any], *, changes: bool = False
    ) -> Any:
        dbus, errors, _ = library()
        message = dbus.Message(
            destination=_NAME, path=path, interface=interface, member=member, signature=signature, body=body
        )
        try:
            async with asyncio.timeout(self._patience):
                reply = await self._wire.call(message)
        except (errors.DBusError, OSError, EOFError) as error:
            raise self._lost(str(error) or "the time was up", changes=changes) from error
        if reply is None:
            raise self._lost("the connection ended", changes=changes)
        if reply.message_type is dbus.MessageType.ERROR:
            said = excerpt(": ".join(str(part) for part in (reply.error_name, *reply.body[:1])), _SAID)
            if reply.error_name in _AWAY or str(reply.error_name).startswith(_NO_START):
                raise TemporaryError(f"{self.place} is not there: {said}", transport=True)
            if reply.error_name in _LOST:
                raise self._lost(said, changes=changes)
            raise PermanentError(f"{self.place} refuses: {said}")
        return reply.body[0] if reply.body else None

    def _lost(self, why: str, *, changes: bool) -> AmbiguousError | TemporaryError:
        kind = AmbiguousError if changes else TemporaryError
        return kind(f"no answer from {self.place}: {excerpt(why, _SAID)}", transport=True)
