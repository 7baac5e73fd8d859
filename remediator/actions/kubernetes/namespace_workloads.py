"""The workloads of a namespace, chosen by kind, labels and name, and changed a few at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Literal, TypeVar

from pydantic import Field

from remediator.actions.kubernetes.api import Api
from remediator.actions.kubernetes.completion import completion
from remediator.actions.kubernetes.documents import Document, text
from remediator.actions.kubernetes.names import ConnectionName, Kind, Label, Name
from remediator.actions.kubernetes.selection import Labels, labels_query
from remediator.actions.kubernetes.waiting import Deadline, look_until
from remediator.actions.kubernetes.workloads import PLURALS, WorkloadParameters, read_workload
from remediator.core.action import Parameters, Permission
from remediator.core.durations import Duration, show_duration
from remediator.errors import AmbiguousError, PermanentError, TemporaryError

MOST = 100

Listed = tuple[Kind, Document]


class NamespaceParameters(Parameters):
    """Which workloads of a namespace, and how many at a time."""

    namespace: Label = Field(description="The namespace.")
    labels: Labels = Field({}, description="Only workloads with these labels, all of them.")
    exclude: tuple[Name, ...] = Field((), max_length=MOST, description="Names of workloads that are left alone.")
    at_a_time: int = Field(1, ge=1, le=MOST, description="So many at once; the next ones when these are complete.")
    wait: Duration = Field(
        600.0,
        gt=0,
        le=86400.0,
        description="Time for all of it. What is not complete then fails the step. Its own timeout must be longer.",
    )
    connection: ConnectionName = Field("default", description="Name of an entry under connections.kubernetes.")


class Chosen(Parameters):
    """One workload of the namespace."""

    kind: Literal["deployment", "statefulset", "daemonset"] = Field(description="Its kind.")
    name: Name = Field(description="Its name.")

    @property
    def title(self) -> str:
        """The workload, for people and as a key: ``deployment/web``."""
        return f"{self.kind}/{self.name}"


C = TypeVar("C", bound=Chosen)


def chosen(model: type[C], **values: object) -> C:
    """Return one workload of a list; PermanentError when what the list says of it makes none."""
    try:
        return model.model_validate(values)
    except ValueError as error:
        raise PermanentError("the answer is not a list of workloads") from error


def namespace_targets(p: NamespaceParameters) -> tuple[str, ...]:
    """Return what a change of these workloads touches: the namespace as a whole."""
    return (f"kubernetes/{p.connection}/{p.namespace}",)


def namespace_rights(p: NamespaceParameters, kinds: Sequence[str], *verbs: str) -> tuple[Permission, ...]:
    """Return rights on these kinds of workloads; a verb may name a subresource (``patch scale``)."""
    found = []
    for kind in kinds:
        for verb in verbs:
            name, _, sub = verb.partition(" ")
            found.append(Permission(name, f"{PLURALS[kind]}/{sub}" if sub else PLURALS[kind], p.namespace, "apps"))
    return tuple(found)


def of(p: NamespaceParameters, item: Chosen) -> WorkloadParameters:
    """Return the workload's full name."""
    return WorkloadParameters(kind=item.kind, name=item.name, namespace=p.namespace, connection=p.connection)


async def listed(api: Api, p: NamespaceParameters, kinds: Sequence[Kind]) -> list[Listed]:
    """Return the chosen workloads, by kind and name; PermanentError when there are none, or more than 100."""
    found: list[Listed] = []
    for kind in kinds:
        got = await api.list(f"/apis/apps/v1/namespaces/{p.namespace}/{PLURALS[kind]}", labels_query(p.labels))
        if not got.complete:
            raise PermanentError(f"namespace {p.namespace} has too many {PLURALS[kind]} to read")
        # A list leaves out what kind its items are.
        named = [{**item, "kind": _KINDS[kind]} for item in got.items]
        found += [(kind, item) for item in named if text(item, "metadata", "name") not in p.exclude]
    if not found:
        raise PermanentError(f"namespace {p.namespace} has no such workload")
    if len(found) > MOST:
        raise PermanentError(f"namespace {p.namespace} has {len(found)} such workloads; {MOST} can be changed at most")
    return found


async def in_stages(
    api: Api, p: NamespaceParameters, items: Sequence[C], change: Callable[[C], Awaitable[bool]],
    settled: Callable[[Document, C], bool],
) -> int:  # fmt: skip
    """Change the workloads, ``at_a_time`` at once, each lot when the one before is settled; return how many changed.

    Changing what is so already changes nothing: a repeat goes through all of them again. Once one is changed, a
    temporary refusal of another is waited out here, for the engine tries again only what has not happened. Raise
    AmbiguousError when the time is up, and when one is refused after another was changed.
    """
    deadline, changed, done = Deadline(p.wait), 0, 0
    try:
        for start in range(0, len(items), p.at_a_time):
            lot = list(items[start : start + p.at_a_time])
            for item in lot:
                now = await look_until(partial(change, item), deadline) if changed else await change(item)
                changed += bool(now)
            left = await _wait_for(api, p, lot, settled, deadline)
            if left:
                names = ", ".join(item.title for item in left[:5])
                raise AmbiguousError(f"not complete after {show_duration(p.wait)}: {names}; {_done(done, items)}")
            done += len(lot)
    except (PermanentError, TemporaryError) as error:
        if not changed:
            raise
        raise AmbiguousError(f"{error}; {_done(done, items)}", transport=error.transport) from error
    return changed


async def _wait_for(
    api: Api, p: NamespaceParameters, lot: Sequence[C], settled: Callable[[Document, C], bool], deadline: Deadline
) -> list[C]:
    """Wait until all of them are settled; return those that are not in time."""
    left = list(lot)

    async def look() -> bool | None:
        left[:] = [item for item in left if not settled(await read_workload(api, of(p, item)), item)]
        return None if left else True

    await look_until(look, deadline)
    return left


def _done(done: int, items: Sequence[Chosen]) -> str:
    return f"{done} of {len(items)} workloads are done"


def is_complete(workload: Document) -> bool:
    """Whether its newest rollout is complete; PermanentError when it will not be without somebody's help."""
    said = completion(workload)
    if said.failed:
        raise PermanentError(f"{text(workload, 'kind').lower()} {text(workload, 'metadata', 'name')}: {said.reason}")
    return said.complete


_KINDS = {"deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet"}
