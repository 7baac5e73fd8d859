"""``prometheus.targets``: what Prometheus scrapes, what is down and why (GET /api/v1/targets)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from remediator.actions.answers.reading import Regex, matches_whole
from remediator.actions.context import Context
from remediator.actions.prometheus.answer import data_of, labels, objects, text
from remediator.actions.prometheus.connection import Connection
from remediator.core.action import Action, CheckOutputs, NamesConnection, Parameters

_KEPT = 20
_JOBS = 50
_ERROR = 300


class TargetsParameters(Parameters):
    """Which targets."""

    connection: Annotated[str, NamesConnection()] = Field(
        "default", description="Name of an entry under connections.prometheus."
    )
    job: str | None = Field(None, min_length=1, max_length=200, description="Only targets of this job, exactly.")
    instance: Regex | None = Field(None, description="Only targets whose instance matches this RE2 as a whole.")


class JobTargets(BaseModel):
    """The targets of one job."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    job: str = Field(description="The job's name.")
    up: int = Field(description="Targets whose last scrape succeeded.")
    down: int = Field(description="Targets whose last scrape failed.")
    unknown: int = Field(description="Targets that were not scraped yet.")
    last_error: str = Field(description="Why one of them is down; empty when none is.")


class DownTarget(BaseModel):
    """One target that is down."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    job: str = Field(description="Its job.")
    instance: str = Field(description="Its instance.")
    error: str = Field(description="What Prometheus said of the last scrape; 300 characters at most.")
    last_scrape: str = Field(description="When that was (RFC 3339).")


class TargetsOutputs(CheckOutputs):
    """How the targets are."""

    holds: bool = Field(description="Whether there are such targets and all of them are up.")
    reason: str = Field("", description="Why, in a sentence.")
    up: int = Field(0, description="Targets whose last scrape succeeded.")
    down: int = Field(0, description="Targets whose last scrape failed.")
    unknown: int = Field(0, description="Targets that were not scraped yet.")
    total: int = Field(0, description="All of them.")
    last_error: str = Field("", description="Why the first of those that are down is; empty when none is.")
    jobs: list[JobTargets] = Field([], description="By job, those with most targets down first, 50 at most.")
    down_targets: list[DownTarget] = Field([], description="The first 20 that are down.")


async def perform(p: TargetsParameters, context: Context) -> TargetsOutputs:
    """Ask once and count."""
    connection: Connection = context.connection("prometheus", p.connection)
    data = await data_of(context, connection, "/api/v1/targets", query=[("state", "active")])
    found = [item for item in objects(data.get("activeTargets")) if _wanted(p, item)]
    count = _count(found)
    failed = [_down(item) for item in found if text(item, "health") == "down"]
    by_job: dict[str, list[dict[str, Any]]] = {}
    for item in found:
        by_job.setdefault(_label(item, "job"), []).append(item)
    jobs = sorted((_job(name, items) for name, items in by_job.items()), key=lambda job: (-job.down, job.job))
    return TargetsOutputs(
        holds=bool(found) and count["up"] == len(found),
        reason=_reason(len(found), count, failed),
        **count,
        total=len(found),
        last_error=failed[0].error if failed else "",
        jobs=jobs[:_JOBS],
        down_targets=failed[:_KEPT],
    )


def _wanted(p: TargetsParameters, item: dict[str, Any]) -> bool:
    if p.job is not None and _label(item, "job") != p.job:
        return False
    return p.instance is None or matches_whole(p.instance, _label(item, "instance"))


def _label(item: dict[str, Any], name: str) -> str:
    return labels(item.get("labels")).get(name, "")


def _count(found: Iterable[dict[str, Any]]) -> dict[str, int]:
    count = {"up": 0, "down": 0, "unknown": 0}
    for item in found:
        health = text(item, "health")
        count[health if health in count else "unknown"] += 1
    return count


def _down(item: dict[str, Any]) -> DownTarget:
    return DownTarget(
        job=_label(item, "job"),
        instance=_label(item, "instance"),
        error=text(item, "lastError", _ERROR),
        last_scrape=text(item, "lastScrape", 64),
    )


def _job(name: str, items: list[dict[str, Any]]) -> JobTargets:
    error = next((text(item, "lastError", _ERROR) for item in items if text(item, "health") == "down"), "")
    return JobTargets(job=name, **_count(items), last_error=error)


def _reason(total: int, count: dict[str, int], failed: list[DownTarget]) -> str:
    if not total:
        return "Prometheus scrapes no such target"
    if failed:
        return f"{len(failed)} of {total} targets are down; {failed[0].instance}: {failed[0].error}"
    return f"{count['unknown']} of {total} targets were not scraped yet" if count["unknown"] else f"all {total} are up"


ACTION: Action[TargetsParameters, TargetsOutputs] = Action(
    name="prometheus.targets",
    summary="Counts the targets that Prometheus scrapes by job, up or down, with the last error.",
    parameters=TargetsParameters,
    outputs=TargetsOutputs,
    perform=perform,
    backend=lambda p: f"prometheus/{p.connection}",
    settle=lambda p, context: context.connection("prometheus", p.connection).scrape_interval,
)
