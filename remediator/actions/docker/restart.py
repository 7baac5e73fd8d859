"""``docker.restart``: stops and starts a container that the site lists, by its name or by its service of Compose."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.docker.connection import LOOKS, Connection, ContainerParameters, backend, targets
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
        before = await _look(connection, engine, p)
        await engine.restart(before.container, round(p.stop_within))
        after = await _look(connection, engine, p)
    return RestartOutputs(status=after.status, started_at=after.started, before=before.started)


async def resolve(p: RestartParameters, context: Context) -> Intent[RestartParameters]:
    """Record when it was started, and which container has the name."""
    async with engine_of(p.connection, context) as (connection, engine):
        return Intent(p, {"started_at": (await _look(connection, engine, p)).started})


async def happened(intent: Intent[RestartParameters], context: Context) -> bool | None:
    """Whether it was started since; None when it does not run (it may be on its way)."""
    before = intent.before.get("started_at")
    async with engine_of(intent.parameters.connection, context) as (connection, engine):
        now = await _look(connection, engine, intent.parameters)
    if not isinstance(before, str) or now.status != "running":
        return None
    return now.started != before


async def preview(p: RestartParameters, context: Context) -> str:
    """Say what would be restarted."""
    async with engine_of(p.connection, context) as (connection, engine):
        now = await _look(connection, engine, p)
    kind = "container" if p.service is None else "the container of service"
    return f"restart {kind} {p.title} at {engine.place}; it is {now.status}, started {now.started}"


class _Found(NamedTuple):
    container: str  #: its name or id
    started: str
    status: str


async def _look(connection: Connection, engine: Engine, p: RestartParameters) -> _Found:
    """Return which container it is, and how. PermanentError when the site does not list it."""
    what = "container" if p.service is None else "service"
    listed = connection.containers if p.service is None else connection.services
    name = p.container if p.service is None else p.service
    if name not in listed:
        known = ", ".join(listed) or "none"
        raise PermanentError(f'connections.docker.{p.connection} does not list {what} "{name}": {known}')
    container = await engine.find(p)
    found = await engine.inspect(container)
    # An id, or its beginning, finds a container, too: what is listed is a name.
    if p.service is None and found.get("Name") != f"/{p.container}":
        raise PermanentError(f"no container is named {p.container}")
    state = section(found, "State")
    return _Found(container, text(state, "StartedAt"), text(state, "Status"))


ACTION: Action[RestartParameters, RestartOutputs] = Action(
    name="docker.restart",
    summary="Restarts a container that the site lists, by its name or its service of Compose.",
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
    permissions=lambda _: (
        *LOOKS,
        Permission("POST", "/containers/NAME/restart"),
    ),
)
