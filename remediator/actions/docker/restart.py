"""``docker.restart``: stops and starts a container that the site lists."""

from __future__ import annotations

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.docker.connection import Connection, ContainerParameters, backend, targets
from remediator.actions.docker.engine import Engine, engine_of
from remediator.actions.docker.state import section, text
from remediator.core.action import Action, Intent, Outputs, Permission
from remediator.core.durations import Duration
from remediator.errors import PermanentError


class RestartParameters(ContainerParameters):
    """Which container."""

    stop_within: Duration = Field(10.0, le=300, description="Between its stop signal and SIGKILL; whole seconds.")


class RestartOutputs(Outputs):
    """What became of it."""

    status: str = Field(description="Its status after the restart.")
    started_at: str = Field(description="When it was started (RFC 3339).")
    before: str = Field(description="When it had been started before.")


async def perform(p: RestartParameters, context: Context) -> RestartOutputs:
    """Restart it once."""
    async with engine_of(p.connection, context) as (connection, engine):
        before, _ = await _look(connection, engine, p)
        await engine.restart(p.container, round(p.stop_within))
        after, status = await _look(connection, engine, p)
    return RestartOutputs(status=status, started_at=after, before=before)


async def resolve(p: RestartParameters, context: Context) -> Intent[RestartParameters]:
    """Record when it was started, and which container has the name."""
    async with engine_of(p.connection, context) as (connection, engine):
        return Intent(p, {"started_at": (await _look(connection, engine, p))[0]})


async def happened(intent: Intent[RestartParameters], context: Context) -> bool | None:
    """Whether it was started since; None when it does not run (it may be on its way)."""
    before = intent.before.get("started_at")
    async with engine_of(intent.parameters.connection, context) as (connection, engine):
        now, status = await _look(connection, engine, intent.parameters)
    if not isinstance(before, str) or status != "running":
        return None
    return now != before


async def preview(p: RestartParameters, context: Context) -> str:
    """Say what would be restarted."""
    async with engine_of(p.connection, context) as (connection, engine):
        started, status = await _look(connection, engine, p)
    return f"restart container {p.container} at {engine.place}; it is {status}, started {started}"


async def _look(connection: Connection, engine: Engine, p: RestartParameters) -> tuple[str, str]:
    """Return when it was started, and its status. PermanentError when the site does not list it."""
    if p.container not in connection.containers:
        known = ", ".join(connection.containers) or "none"
        raise PermanentError(f'connections.docker.{p.connection} does not list container "{p.container}": {known}')
    found = await engine.inspect(p.container)
    # An id, or its beginning, finds a container, too: what is listed is a name.
    if found.get("Name") != f"/{p.container}":
        raise PermanentError(f"no container is named {p.container}")
    state = section(found, "State")
    return text(state, "StartedAt"), text(state, "Status")


ACTION: Action[RestartParameters, RestartOutputs] = Action(
    name="docker.restart",
    summary="Restarts a container that the site lists.",
    parameters=RestartParameters,
    outputs=RestartOutputs,
    perform=perform,
    backend=backend,
    changes=True,
    idempotent=lambda _: False,
    targets=targets,
    resolve=resolve,
    happened=happened,
    preview=preview,
    permissions=lambda _: (Permission("GET", "/containers/NAME/json"), Permission("POST", "/containers/NAME/restart")),
)
