"""``kubernetes.rollout_history``: a workload's revisions, and whether an alert began with the newest.

As ``kubectl rollout history`` reads them: a deployment's from its ReplicaSets, others' from their
ControllerRevisions.
"""

from __future__ import annotations

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import Api, open_api
from remediator.actions.kubernetes.chosen import owned_rights
from remediator.actions.kubernetes.documents import Document, text
from remediator.actions.kubernetes.moments import seconds_between, stamp
from remediator.actions.kubernetes.past import Past, began_at, revisions
from remediator.actions.kubernetes.trouble import revision_of
from remediator.actions.kubernetes.workloads import (
    WorkloadParameters,
    backend,
    controller_of,
    read_owned,
    read_workload,
    selector,
)
from remediator.core.action import Action, Outputs, Permission
from remediator.core.durations import Duration


class HistoryParameters(WorkloadParameters):
    """Which workload, and how soon after a rollout an alert is blamed on it."""

    within: Duration = Field(
        1800.0,
        gt=0,
        description="An alert that began this long after the newest revision's rollout, or sooner, began with it.",
    )
    newest: int = Field(10, ge=1, le=50, description="How many revisions to return; all are counted.")


class Revision(Outputs):
    """One revision."""

    revision: int = Field(description="Its number.")
    object: str = Field(description="Name of its ReplicaSet or ControllerRevision.")
    images: tuple[str, ...] = Field(description="Images of its containers; 20 at most.")
    change_cause: str = Field(description="Its annotation kubernetes.io/change-cause; empty when it has none.")
    created_at: str = Field(description="When its object was made, RFC 3339; empty when that is not known.")
    age: float | None = Field(description="Seconds since then.")


class HistoryOutputs(Outputs):
    """The revisions, and what they have to do with the alert."""

    total: int = Field(description="Revisions that are kept.")
    revisions: tuple[Revision, ...] = Field(description="The newest first, as many as newest says.")
    newest_revision: int | None = Field(description="Number of the newest; none when there is none.")
    previous_revision: int | None = Field(description="Number of the one before, to which an undo would go back.")
    newest_images: tuple[str, ...] = Field(description="Images of the newest; 20 at most.")
    images_changed: bool = Field(description="Whether they differ from those of the one before.")
    newest_at: str = Field(
        description="When the newest revision's rollout began, RFC 3339; empty when that cannot be told."
    )
    newest_at_exact: bool = Field(
        description="False after a rollback, which takes an old revision's object: newest_at then is when the oldest "
        "of its pods was made."
    )
    newest_ago: float | None = Field(description="Seconds since newest_at.")
    seconds_between: float | None = Field(
        description="Seconds from newest_at to the alert's start; negative when the alert began first. None when "
        "either is not known."
    )
    began_with_rollout: bool | None = Field(
        description="Whether the alert began after newest_at, and within the time that within says. None when that "
        "cannot be told. An alert with for: in Prometheus begins when that time is over."
    )


async def perform(p: HistoryParameters, context: Context) -> HistoryOutputs:
    """Read the revisions; compare the newest with ``context.starts_at``."""
    api = await open_api(context, p.connection)
    past, pods = await _read(api, p)
    at, exact = began_at(past, pods)
    between = seconds_between(at, context.starts_at)
    newest, previous = (past[0] if past else None), (past[1] if len(past) > 1 else None)
    return HistoryOutputs(
        total=len(past),
        revisions=tuple(_shown(each, context.now) for each in past[: p.newest]),
        newest_revision=newest.number if newest else None,
        previous_revision=previous.number if previous else None,
        newest_images=newest.images if newest else (),
        images_changed=bool(newest and previous and newest.images != previous.images),
        newest_at=stamp(at),
        newest_at_exact=exact,
        newest_ago=seconds_between(at, context.now),
        seconds_between=between,
        began_with_rollout=None if between is None else 0 <= between <= p.within,
    )


async def _read(api: Api, p: HistoryParameters) -> tuple[list[Past], list[Document]]:
    """Return the workload's revisions and the newest one's pods."""
    workload = await read_workload(api, p)
    owned = await read_owned(api, p, workload)
    items = owned.replica_sets
    if p.kind != "deployment":
        place = f"/apis/apps/v1/namespaces/{p.namespace}/controllerrevisions"
        found = await api.list(place, [("labelSelector", selector(workload))])
        uid = text(workload, "metadata", "uid")
        items = [item for item in found.items if controller_of(item) == uid]
    past = revisions(items)
    newest = past[0].object if past else ""
    # A statefulset's pods bear the revision's whole name, others' the hash at its end.
    pods = [pod for pod in owned.pods if revision_of(pod) and f"-{newest}".endswith(f"-{revision_of(pod)}")]
    return past, pods


def _shown(past: Past, now: int) -> Revision:
    return Revision(
        revision=past.number,
        object=past.object,
        images=past.images,
        change_cause=past.cause,
        created_at=stamp(past.made_at),
        age=seconds_between(past.made_at, now),
    )


def _permissions(p: HistoryParameters) -> tuple[Permission, ...]:
    more = () if p.kind == "deployment" else (Permission("list", "controllerrevisions", p.namespace, "apps"),)
    return (*owned_rights(p.kind, p.namespace), *more)


ACTION = Action(
    name="kubernetes.rollout_history",
    summary="Tells a workload's revisions, and whether the alert began with the newest one's rollout.",
    parameters=HistoryParameters,
    outputs=HistoryOutputs,
    perform=perform,
    backend=backend,
    permissions=_permissions,
)
