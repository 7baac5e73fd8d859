"""``kubernetes.events``: what the cluster says happened to a workload, its ReplicaSets and pods, or in a namespace."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import Field, model_validator

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import Api, open_api
from remediator.actions.kubernetes.documents import Document, clean, number, section, text
from remediator.actions.kubernetes.names import ConnectionName, Kind, Label, Name
from remediator.actions.kubernetes.workloads import (
    PLURALS,
    WorkloadParameters,
    read_owned,
    read_workload,
)
from remediator.core.action import Action, Outputs, Parameters, Permission
from remediator.core.durations import SECOND, Duration

_PAGES = 10
_MOST_REASONS = 50
_LONG_AGO = datetime.fromtimestamp(0, tz=UTC)
_OBJECT_KINDS = {"deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet"}


class EventsParameters(Parameters):
    """Whose events. Without ``kind`` and ``name``: the whole namespace's."""

    namespace: Label = Field(description="The namespace.")
    kind: Kind | None = Field(None, description="The workload's kind. With name; without both, the whole namespace.")
    name: Name | None = Field(None, description="The workload's name; the events of its pods are among them.")
    connection: ConnectionName = Field("default", description="Name of an entry under connections.kubernetes.")
    newest: int = Field(20, ge=0, le=100, description="How many to return; all are counted.")
    since: Duration | None = Field(None, gt=0, description="Only those seen within this time. Default: all there are.")
    type: Literal["Normal", "Warning"] | None = Field(None, description="Only those of this type. Default: both.")

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.kind is None) != (self.name is None):
            raise ValueError('give both "kind" and "name", or neither for the whole namespace')
        return self


class Event(Outputs):
    """One event, as the cluster last saw it."""

    at: str = Field(description="When it was last seen, RFC 3339; empty when it has no time.")
    type: str = Field(description="Normal or Warning.")
    reason: str = Field(description="Why, in one word, such as BackOff.")
    object: str = Field(description="What it is about, Kind/name.")
    message: str = Field(description="What happened; 300 characters at most.")
    count: int = Field(description="How often.")


class EventsOutputs(Outputs):
    """What happened lately."""

    total: int = Field(description="Occurrences, repeated ones included.")
    warnings: int = Field(description="Occurrences of type Warning.")
    counts: dict[str, int] = Field(description="Occurrences by reason; the 50 most frequent reasons.")
    events: tuple[Event, ...] = Field(description="The newest first, as many as newest says.")
    complete: bool = Field(
        description="False when the namespace has more events than are read (5000); newer ones may be missing then."
    )


async def perform(p: EventsParameters, context: Context) -> EventsOutputs:
    """Read the namespace's events and keep those that are asked for."""
    api = await open_api(context, p.connection)
    wanted = await _about(api, p)
    # The server can select by one object's name only, and sorts by name, so all are read.
    query = [("fieldSelector", f"type={p.type}")] if p.type else []
    found = await api.list(f"/api/v1/namespaces/{p.namespace}/events", query, pages=_PAGES)
    earliest = context.now / SECOND - p.since if p.since is not None else 0.0
    chosen = [(_seen(item), item) for item in found.items if wanted(item)]
    chosen = [(seen, item) for seen, item in chosen if seen.timestamp() >= earliest]
    chosen.sort(key=lambda pair: pair[0], reverse=True)
    return _summary([item for _, item in chosen], p.newest, complete=found.complete)


def _summary(items: Sequence[Document], newest: int, *, complete: bool) -> EventsOutputs:
    counts: Counter[str] = Counter()
    warnings = 0
    for item in items:
        times = _times(item)
        counts[clean(item.get("reason"), 100) or "(none)"] += times
        warnings += times if item.get("type") == "Warning" else 0
    return EventsOutputs(
        total=counts.total(),
        warnings=warnings,
        counts=dict(counts.most_common(_MOST_REASONS)),
        events=tuple(_event(item) for item in items[:newest]),
        complete=complete,
    )


async def _about(api: Api, p: EventsParameters) -> Callable[[Document], bool]:
    """Return what tells whether an event is about the workload, its ReplicaSets or pods, also those gone by now."""
    if p.kind is None or p.name is None:
        return lambda _event: True
    workload_of = WorkloadParameters(kind=p.kind, name=p.name, namespace=p.namespace, connection=p.connection)
    workload = await read_workload(api, workload_of)
    owned = await read_owned(api, workload_of, workload)
    names = {(_OBJECT_KINDS[p.kind], p.name)}
    names |= {("ReplicaSet", text(item, "metadata", "name")) for item in owned.replica_sets}
    names |= {("Pod", text(pod, "metadata", "name")) for pod in owned.pods}
    parent = "ReplicaSet" if p.kind == "deployment" else _OBJECT_KINDS[p.kind]
    parents = [name for kind, name in names if kind == parent]
    suffix = r"\d+" if p.kind == "statefulset" else "[a-z0-9]{5}"
    gone = re.compile(f"(?:{'|'.join(map(re.escape, sorted(parents)))})-{suffix}") if parents else None

    def wanted(event: Document) -> bool:
        about = section(event, "involvedObject")
        kind, name = text(about, "kind"), text(about, "name")
        return (kind, name) in names or (kind == "Pod" and gone is not None and gone.fullmatch(name) is not None)

    return wanted


def _event(item: Document) -> Event:
    seen = _seen(item)
    about = section(item, "involvedObject")
    return Event(
        at=seen.strftime("%Y-%m-%dT%H:%M:%SZ") if seen != _LONG_AGO else "",
        type=text(item, "type", limit=20),
        reason=clean(item.get("reason"), 100),
        object=f"{text(about, 'kind', limit=63)}/{text(about, 'name', limit=253)}",
        message=clean(item.get("message"), 300),
        count=_times(item),
    )


def _times(item: Document) -> int:
    return max(number(item, "count"), number(item, "series", "count"), 1)


def _seen(item: Document) -> datetime:
    """Return when it was last seen. Old and new recorders fill in different fields."""
    stamps = (
        text(item, "series", "lastObservedTime"),
        text(item, "lastTimestamp"),
        text(item, "eventTime"),
        text(item, "metadata", "creationTimestamp"),
    )
    for stamp in filter(None, stamps):
        try:
            seen = datetime.fromisoformat(stamp)
        except ValueError:
            continue
        return (seen if seen.tzinfo else seen.replace(tzinfo=UTC)).astimezone(UTC)
    return _LONG_AGO


def _permissions(p: EventsParameters) -> tuple[Permission, ...]:
    events = Permission("list", "events", p.namespace)
    if p.kind is None:
        return (events,)
    sets = (Permission("list", "replicasets", p.namespace, "apps"),) if p.kind == "deployment" else ()
    return (
        events, Permission("get", PLURALS[p.kind], p.namespace, "apps"), *sets, Permission("list", "pods", p.namespace),
    )  # fmt: skip


ACTION = Action(
    name="kubernetes.events",
    summary="Counts and shows the newest events of a workload and its pods, or of a namespace.",
    parameters=EventsParameters,
    outputs=EventsOutputs,
    perform=perform,
    backend=lambda p: f"kubernetes/{p.connection}",
    permissions=_permissions,
)
