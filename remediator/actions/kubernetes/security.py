"""``kubernetes.security``: as whom a workload's containers run, and what they may do.

The securityContext of pod and container in the pod template, merged as Kubernetes does: for the user, the group and
runAsNonRoot the container's own word goes before its pod's.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import open_api
from remediator.actions.kubernetes.documents import Document, clean, objects, section, text
from remediator.actions.kubernetes.workloads import WorkloadParameters, backend, read_workload, right
from remediator.core.action import Action, Outputs

_CONTAINERS = 20
_CAPABILITIES = 20
_SAID = 300


class ContainerSecurity(Outputs):
    """What is asked for one container; none: nothing is said, so the image or the runtime decides."""

    container: str = Field(description="Its name.")
    init: bool = Field(description="Whether it is an init container.")
    run_as_user: int | None = Field(description="User id; the container's own word goes before its pod's.")
    run_as_group: int | None = Field(description="Group id; likewise.")
    run_as_non_root: bool | None = Field(description="Whether it must not start as root; likewise.")
    fs_group: int | None = Field(description="Group that owns the pod's volumes.")
    read_only_root: bool = Field(description="Whether its root file system is read-only.")
    privileged: bool = Field(description="Whether it may do what the node's root may.")
    privilege_escalation: bool | None = Field(description="Whether a process may gain more rights than its parent.")
    added: tuple[str, ...] = Field(description="Capabilities added; 20 at most.")
    dropped: tuple[str, ...] = Field(description="Capabilities dropped; 20 at most.")


class SecurityOutputs(Outputs):
    """Each container in a sentence, and in numbers."""

    said: tuple[str, ...] = Field(description="A sentence about each container; 20 at most, init containers last.")
    containers: tuple[ContainerSecurity, ...] = Field(description="The same in numbers.")


async def perform(p: WorkloadParameters, context: Context) -> SecurityOutputs:
    """Read the workload's pod template."""
    workload = await read_workload(await open_api(context, p.connection), p)
    spec = section(workload, "spec", "template", "spec")
    pod = section(spec, "securityContext")
    found = [
        _container(item, pod, init=kind == "initContainers")
        for kind in ("containers", "initContainers")
        for item in objects(spec, kind)
    ][:_CONTAINERS]
    return SecurityOutputs(said=tuple(_sentence(one) for one in found), containers=tuple(found))


def _sentence(one: ContainerSecurity) -> str:
    group = "" if one.run_as_group is None else f":{one.run_as_group}"
    escalates = {None: "", True: "may gain rights", False: "gains no rights"}
    parts = (
        "the image's user" if one.run_as_user is None else f"user {one.run_as_user}{group}",
        "never root" if one.run_as_non_root else "",
        "" if one.fs_group is None else f"volumes' group {one.fs_group}",
        "root file system read-only" if one.read_only_root else "root file system writable",
        "privileged" if one.privileged else "",
        escalates[one.privilege_escalation],
        f"adds {' '.join(one.added)}" if one.added else "",
        f"drops {' '.join(one.dropped)}" if one.dropped else "",
    )
    name = f"{one.container} (init)" if one.init else one.container
    return clean(f"{name}: {', '.join(filter(None, parts))}", _SAID)


def _container(item: Document, pod: Document, *, init: bool) -> ContainerSecurity:
    own = section(item, "securityContext")
    both = {**pod, **{name: value for name, value in own.items() if value is not None}}
    return ContainerSecurity(
        container=clean(text(item, "name"), 63),
        init=init,
        run_as_user=_id(both.get("runAsUser")),
        run_as_group=_id(both.get("runAsGroup")),
        run_as_non_root=_flag(both.get("runAsNonRoot")),
        fs_group=_id(pod.get("fsGroup")),
        read_only_root=own.get("readOnlyRootFilesystem") is True,
        privileged=own.get("privileged") is True,
        privilege_escalation=_flag(own.get("allowPrivilegeEscalation")),
        added=_names(section(own, "capabilities").get("add")),
        dropped=_names(section(own, "capabilities").get("drop")),
    )


def _id(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _names(value: Any) -> tuple[str, ...]:
    return tuple(clean(name, 63) for name in value[:_CAPABILITIES]) if isinstance(value, list) else ()


ACTION = Action(
    name="kubernetes.security",
    summary="Tells as whom a workload's containers run and what they may do (securityContext of pod and container).",
    parameters=WorkloadParameters,
    outputs=SecurityOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda p: (right(p, "get"),),
)
