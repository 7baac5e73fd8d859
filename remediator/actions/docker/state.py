"""``docker.state``: how a container is, and whether that is as it should be."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from remediator.actions.answers.reading import excerpt
from remediator.actions.context import Context
from remediator.actions.docker.connection import LOOKS, ContainerParameters, backend
from remediator.actions.docker.engine import engine_of
from remediator.core.action import Action, CheckOutputs
from remediator.core.durations import SECOND, Duration, show_duration

_TEXT = 300


class StateParameters(ContainerParameters):
    """Which container, and what it should be."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)

    is_: Literal["running", "healthy"] | None = Field(
        None, alias="is",
        description="What holds: running, or healthy by its own check. Default: healthy where it has a check.",
    )  # fmt: skip
    running_for: Duration | None = Field(None, gt=0, description="It must have been running for so long.")


class StateOutputs(CheckOutputs):
    """How it is."""

    holds: bool = Field(description="Whether it is as asked for.")
    reason: str = Field("", description="Why, in a sentence.")
    status: str = Field("", description='"created", "running", "paused", "restarting", "removing", "exited" or "dead".')
    health: str = Field("", description='"healthy", "unhealthy" or "starting"; empty without a check of its own.')
    health_log: str = Field("", description="What its check said last; 300 characters at most.")
    exit_code: int = Field(0, description="The exit code of its last end.")
    oom_killed: bool = Field(False, description="Whether it was killed for want of memory.")
    restarts: int = Field(0, description="How often the engine has restarted it by its restart policy.")
    started_at: str = Field("", description="When it was started last (RFC 3339).")
    finished_at: str = Field("", description="When it ended last (RFC 3339).")
    running_seconds: float | None = Field(None, description="How long it has been running; none when it is not.")
    image: str = Field("", description="The image that it was made of.")
    error: str = Field("", description="Why the engine could not start it; 300 characters at most.")


async def perform(p: StateParameters, context: Context) -> StateOutputs:
    """Ask once."""
    async with engine_of(p.connection, context) as (_, engine):
        found = await engine.inspect(await engine.find(p))
    state, health = section(found, "State"), section(found, "State", "Health")
    status, fitness, started = text(state, "Status"), text(health, "Status"), text(state, "StartedAt")
    fitness = "" if fitness == "none" else fitness
    age = _age(started, context.now) if status == "running" else None
    wrong = _wrong(p, status, fitness, age)
    log = health.get("Log")
    last = log[-1] if isinstance(log, list) and log and isinstance(log[-1], dict) else {}
    count = found.get("RestartCount")
    code = state.get("ExitCode")
    return StateOutputs(
        holds=not wrong,
        reason=wrong or f"{p.title} is {fitness or status}",
        status=status,
        health=fitness,
        health_log=text(last, "Output"),
        exit_code=code if isinstance(code, int) else 0,
        oom_killed=state.get("OOMKilled") is True,
        restarts=count if isinstance(count, int) else 0,
        started_at=started,
        finished_at=text(state, "FinishedAt"),
        running_seconds=age,
        image=text(section(found, "Config"), "Image"),
        error=text(state, "Error"),
    )


def _wrong(p: StateParameters, status: str, health: str, age: float | None) -> str:
    if status != "running":
        return f"{p.title} is {status or 'in no state that is known'}"
    if (p.is_ == "healthy" or (p.is_ is None and health)) and health != "healthy":
        return f"{p.title} is {health}" if health else f"{p.title} has no check of its own health"
    if p.running_for is not None and (age is None or age < p.running_for):
        return f"{p.title} has been running for {show_duration(age or 0)}, not {show_duration(p.running_for)}"
    return ""


def _age(started: str, now: int) -> float | None:
    try:
        then = datetime.fromisoformat(started)
    except ValueError:
        return None
    return max(now / SECOND - then.timestamp(), 0.0) if then.tzinfo else None


def section(document: Any, *keys: str) -> dict[str, Any]:
    """Return the object below these keys; empty when any of them is missing or no object."""
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def text(document: dict[str, Any], key: str) -> str:
    """Return the text below a key, bounded; empty when there is none."""
    found = document.get(key)
    return excerpt(found, _TEXT) if isinstance(found, str) else ""


ACTION: Action[StateParameters, StateOutputs] = Action(
    name="docker.state",
    summary="Tells how a container is, and whether it runs and is healthy.",
    parameters=StateParameters,
    outputs=StateOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _: LOOKS,
)
