"""``redis.config_set``: sets one setting of a running server, if the site lists it, to a value that the site lists.

It lasts until the server restarts: CONFIG REWRITE is not asked, the configuration file is not ours.
A limit below what is used, or a policy that evicts any key, may delete data at once: then a person decides.
"""

from __future__ import annotations

from pydantic import Field

from remediator.actions.answers.reading import excerpt
from remediator.actions.context import Context
from remediator.actions.redis.connection import Connection, RedisParameters, backend, runs, targets
from remediator.actions.redis.facts import Facts, ask_facts
from remediator.actions.redis.server import Server, items, server_of
from remediator.actions.redis.sizes import in_bytes, same, show
from remediator.core.action import Action, Intent, Outputs
from remediator.errors import PermanentError

_VALUE = 256


class ConfigSetParameters(RedisParameters):
    """Which setting, and its value."""

    parameter: str = Field(max_length=64, description="The setting's name, such as maxmemory; the connection lists it.")
    value: str = Field(max_length=_VALUE, description="What to set; the connection lists what is allowed.")


class ConfigSetOutputs(Outputs):
    """What became of it."""

    value: str = Field(description="The value now, as the server says it.")
    before: str = Field(description="The value when the step began.")
    changed: bool = Field(description="False when it had that value already.")


async def perform(p: ConfigSetParameters, context: Context) -> ConfigSetOutputs:
    """Set it; does nothing when it is so already."""
    connection, server = server_of(p.connection, context)
    _allowed(connection, p)
    async with server:
        before = await _read(server, p.parameter)
        return await _set(server, p.parameter, before, p.value)


async def resolve(p: ConfigSetParameters, context: Context) -> Intent[ConfigSetParameters]:
    """Record the value that is there."""
    connection, server = server_of(p.connection, context)
    _allowed(connection, p)
    async with server:
        return Intent(p, {"value": await _read(server, p.parameter)})


async def happened(intent: Intent[ConfigSetParameters], context: Context) -> bool | None:
    """Whether the value is ours; None when it is neither ours nor the one before."""
    p = intent.parameters
    _, server = server_of(p.connection, context)
    async with server:
        now = await _read(server, p.parameter)
    if same(now, p.value):
        return True
    return False if same(now, str(intent.before.get("value"))) else None


async def preview(p: ConfigSetParameters, context: Context) -> str:
    """Say what would change, and what follows from it."""
    connection, server = server_of(p.connection, context)
    _allowed(connection, p)
    async with server:
        now, facts = await _read(server, p.parameter), await ask_facts(server)
    said = (
        f"CONFIG SET {p.parameter} {p.value} at {server.place}; it is {now or 'empty'} now, and lasts until a restart"
    )
    return "; ".join(filter(None, (said, _follows(p, facts))))


async def caution(p: ConfigSetParameters, context: Context) -> str:
    """Return why a person should decide: the site says so, or data would be deleted."""
    connection, server = server_of(p.connection, context)
    _allowed(connection, p)
    async with server:
        if same(await _read(server, p.parameter), p.value):
            return ""
        follows = _follows(p, await ask_facts(server))
    if follows:
        return follows
    return f"the site wants a person to decide about {p.parameter}" if connection.settable[p.parameter].ask else ""


async def undo(intent: Intent[ConfigSetParameters], context: Context) -> ConfigSetOutputs:
    """Put the earlier value back, if the present one is still what we set; else PermanentError."""
    p, earlier = intent.parameters, intent.before.get("value")
    connection, server = server_of(p.connection, context)
    if not isinstance(earlier, str):
        raise PermanentError(f"the earlier value of {p.parameter} is not known")
    _allowed(connection, p)
    async with server:
        now = await _read(server, p.parameter)
        if not same(now, earlier) and not same(now, p.value):
            raise PermanentError(
                f"{p.parameter} is {excerpt(now, _VALUE)}, not the {p.value} that we set; somebody changed it"
            )
        return await _set(server, p.parameter, now, earlier)


def _allowed(connection: Connection, p: ConfigSetParameters) -> None:
    """Raise PermanentError unless the site lists the setting and the value."""
    listed = connection.settable.get(p.parameter)
    if listed is None:
        known = ", ".join(sorted(connection.settable)) or "none"
        raise PermanentError(
            f'connections.redis.{p.connection} does not list "{p.parameter}" as settable; it lists {known}'
        )
    if not listed.allows(p.value):
        allowed = ", ".join(listed.values)
        raise PermanentError(
            f'connections.redis.{p.connection} does not allow "{p.value}" for {p.parameter}: {allowed}'
        )


async def _read(server: Server, parameter: str) -> str:
    answer = items(await server.ask("CONFIG", "GET", parameter))
    # The name is a pattern to CONFIG GET, but listed names have no wildcard: one pair, or nothing.
    if len(answer) != 2 or answer[0] != parameter.encode() or not isinstance(answer[1], bytes):  # noqa: PLR2004 -- a name and its value
        raise PermanentError(f"{server.place} has no setting {parameter}")
    value: str = answer[1].decode(errors="replace")
    if len(value) > _VALUE:
        raise PermanentError(f"{parameter} has a value of more than {_VALUE} characters")
    return value


async def _set(server: Server, parameter: str, before: str, value: str) -> ConfigSetOutputs:
    if same(before, value):
        return ConfigSetOutputs(value=before, before=before, changed=False)
    await server.ask("CONFIG", "SET", parameter, value, changes=True)
    return ConfigSetOutputs(value=value, before=before, changed=True)


def _follows(p: ConfigSetParameters, facts: Facts) -> str:
    """Return what a change would do to data, or ""."""
    used, limit, policy = facts.number("used_memory"), facts.number("maxmemory"), facts.text("maxmemory_policy")
    if p.parameter == "maxmemory-policy" and p.value.lower().startswith("allkeys"):
        full = " at once" if used is not None and limit and used >= limit else ""
        return f"any key may then be evicted{full}, also queues and sessions: redis.keys shows what is stored"
    wanted = in_bytes(p.value)
    if p.parameter == "maxmemory" and wanted and used is not None and wanted < used:
        what = "writes are then refused" if policy == "noeviction" else "keys are then evicted at once"
        return f"{show(used)} are used, more than the {show(wanted)} to set: {what}"
    return ""


ACTION: Action[ConfigSetParameters, ConfigSetOutputs] = Action(
    name="redis.config_set",
    summary="Sets a listed setting of a running Redis or Valkey to a listed value.",
    parameters=ConfigSetParameters,
    outputs=ConfigSetOutputs,
    perform=perform,
    backend=backend,
    changes=True,
    targets=targets,
    resolve=resolve,
    happened=happened,
    preview=preview,
    caution=caution,
    undo=undo,
    permissions=lambda _: runs("CONFIG GET", "CONFIG SET", "INFO"),
)
