"""``kubernetes.logs``: the last lines of a pod or of a workload's pods, and how often patterns occur in them."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from remediator.actions.answers.lines import CountBy, LinesOutputs, Pattern, PatternName, Tally, Top
from remediator.actions.context import Context
from remediator.actions.kubernetes.api import Api, open_api
from remediator.actions.kubernetes.chosen import owned_rights
from remediator.actions.kubernetes.documents import Document, number, objects, text
from remediator.actions.kubernetes.labels import Selector
from remediator.actions.kubernetes.names import ConnectionName, Label, Name
from remediator.actions.kubernetes.pods import container_of, is_ready, restarts
from remediator.actions.kubernetes.workloads import WorkloadParameters, read_owned, read_workload
from remediator.core.action import Action, Outputs, Parameters, Permission
from remediator.core.durations import Duration
from remediator.errors import ActionError, PermanentError, TemporaryError

_MOST_CONTAINERS = 20
_MOST_UNREAD = 50


class LogsParameters(Parameters):
    """Whose log, and how much of it."""

    kind: Literal["pod", "deployment", "statefulset", "daemonset"] = Field(
        "pod", description="What has this name: one pod, or a workload whose pods are read."
    )
    name: Name | None = Field(None, description="Name of the pod or the workload. Needed, unless selector is given.")
    selector: Selector | None = Field(
        None, description="Read the pods with these labels instead of those of one name, as kubectl logs -l does."
    )
    namespace: Label = Field(description="Its namespace.")
    connection: ConnectionName = Field("default", description="Name of an entry under connections.kubernetes.")
    container: Label | None = Field(
        None, description="Which container. Default: the pod's default container by its annotation, else its first."
    )
    all_containers: bool = Field(False, description="Read every container of each pod, init containers too.")
    tail: int = Field(500, ge=1, le=100_000, description="Lines from the end, for each container.")
    since: Duration | None = Field(
        None, gt=0, description="Only lines written within this time; rounded up to seconds. Default: all there are."
    )
    previous: bool = Field(False, description="Read the container's run before its last restart.")
    grep: dict[PatternName, Pattern] = Field(
        default_factory=dict,
        max_length=10,
        description="RE2 patterns by name; a line fits when a pattern is found anywhere in it. 10 at most.",
    )
    count_by: CountBy = Field(default_factory=dict)
    top: Top = 10
    keep: int = Field(
        20, ge=0, le=200, description="Lines to return: those that fit a pattern, or any when there are no patterns."
    )
    pods: int = Field(5, ge=1, le=50, description="Of several, read so many pods at most; those in trouble first.")
    max_bytes: int = Field(1 << 20, ge=1024, le=16 << 20, description="Bytes read of all pods together.")

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if (self.name is None) == (self.selector is None):
            raise ValueError('give either "name" or "selector"')
        if self.selector is not None and self.kind != "pod":
            raise ValueError('a selector chooses pods; leave out "kind"')
        if self.container is not None and self.all_containers:
            raise ValueError('give either "container" or "all_containers: true"')
        return self


class Unread(Outputs):
    """A pod whose log could not be had."""

    pod: str = Field(description="The pod's name.")
    reason: str = Field(description="Why not; 300 characters at most.")


class LogsOutputs(LinesOutputs):
    """What the logs say."""

    bytes: int = Field(description="Bytes that were read.")
    pods: tuple[str, ...] = Field(description="Pods whose logs were read.")
    matched_by_pod: dict[str, int] = Field(description="Lines that fit any pattern, by pod.")
    unread: tuple[Unread, ...] = Field(
        description="Pods whose logs could not be read, of one container at least; 50 at most."
    )
    complete: bool = Field(description="False when max_bytes or pods cut something off.")


async def perform(p: LogsParameters, context: Context) -> LogsOutputs:
    """Stream the logs through the patterns, pod after pod."""
    api = await open_api(context, p.connection)
    pods, complete = await _pods(api, p)
    tally, left = Tally(p.grep, p.keep, p.count_by, p.top), p.max_bytes
    read: dict[str, int] = {}
    unread: list[tuple[str, ActionError]] = []
    for name, container in _places(pods[: p.pods], p):
        matched = tally.matched
        if left <= 0:
            break
        try:
            left -= await _stream(api, p, (name, container), tally, left)
            read[name] = read.get(name, 0) + tally.matched - matched
        except (PermanentError, TemporaryError) as error:
            # This container has no log (yet, or any more), or its node is away; the others may have one.
            if error.transport:
                raise
            unread.append((name, error))
    if unread and not read:
        raise unread[0][1]
    return LogsOutputs(
        **tally.told(),
        bytes=p.max_bytes - max(left, 0),
        pods=tuple(read),
        matched_by_pod=read,
        unread=tuple(Unread(pod=pod, reason=str(error)[:300]) for pod, error in unread[:_MOST_UNREAD]),
        complete=complete and left > 0 and len(pods) <= p.pods,
    )


async def _pods(api: Api, p: LogsParameters) -> tuple[list[Document], bool]:
    """Return the pods whose logs are asked for, those in trouble first, and whether these are all."""
    place = f"/api/v1/namespaces/{p.namespace}/pods"
    if p.name is None:
        found = await api.list(place, [("labelSelector", p.selector or "")])
        pods, complete = found.items, found.complete
    elif p.kind == "pod":
        return [await api.get(f"{place}/{p.name}")], True
    else:
        of = WorkloadParameters(kind=p.kind, name=p.name, namespace=p.namespace, connection=p.connection)
        owned = await read_owned(api, of, await read_workload(api, of))
        pods, complete = owned.pods, owned.complete
    chosen = [pod for pod in pods if not p.previous or any(_restarts(pod, each) for each in _containers(pod, p))]
    chosen.sort(key=lambda pod: (is_ready(pod), -restarts(pod), text(pod, "metadata", "name")))
    return chosen, complete


def _places(pods: list[Document], p: LogsParameters) -> list[tuple[str, str]]:
    return [(text(pod, "metadata", "name"), container) for pod in pods for container in _containers(pod, p)]


def _containers(pod: Document, p: LogsParameters) -> list[str]:
    """Return the containers to read; with ``previous`` and several, those that were restarted."""
    if not p.all_containers:
        return [container_of(pod, p.container)]
    every = [*objects(pod, "spec", "initContainers"), *objects(pod, "spec", "containers")]
    names = [text(item, "name") for item in every[:_MOST_CONTAINERS]]
    return [name for name in names if name and (not p.previous or _restarts(pod, name))]


def _restarts(pod: Document, container: str) -> int:
    statuses = [*objects(pod, "status", "initContainerStatuses"), *objects(pod, "status", "containerStatuses")]
    return sum(number(item, "restartCount") for item in statuses if text(item, "name") == container)


async def _stream(api: Api, p: LogsParameters, of: tuple[str, str], tally: Tally, limit: int) -> int:
    """Feed the log of one pod's container to the tally, at most ``limit`` bytes; return how many."""
    pod, container = of
    query = [("tailLines", str(p.tail)), ("limitBytes", str(limit))]
    query += [("container", container)] if container else []
    query += [("sinceSeconds", str(math.ceil(p.since)))] if p.since is not None else []
    query += [("previous", "true")] if p.previous else []
    place = f"/api/v1/namespaces/{p.namespace}/pods/{pod}/log"
    size = 0
    async with api.stream(place, query) as parts:
        async for part in parts:
            tally.feed(part[: limit - size])
            size += len(part)
            if size >= limit:  # the server need not heed limitBytes
                break
    tally.end()
    return min(size, limit)


def _permissions(p: LogsParameters) -> tuple[Permission, ...]:
    log = Permission("get", "pods/log", p.namespace)
    if p.kind == "pod":
        return (log, Permission("get" if p.selector is None else "list", "pods", p.namespace))
    return (log, *owned_rights(p.kind, p.namespace))


ACTION = Action(
    name="kubernetes.logs",
    summary="Reads the end of a pod's or a workload's logs and counts patterns in it.",
    parameters=LogsParameters,
    outputs=LogsOutputs,
    perform=perform,
    backend=lambda p: f"kubernetes/{p.connection}",
    permissions=_permissions,
)
