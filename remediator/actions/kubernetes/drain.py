"""``kubernetes.drain``: no new pods on a node, and those that run there are evicted, as kubectl drain does it.

Pods of daemonsets, pods that a kubelet runs from a file, and finished ones stay. What would lose
data or would not come back (emptyDir volumes, pods without a controller) and what belongs to the
cluster itself (kube-system) is refused before anything is touched, unless the parameters say so. What
the site protects (allow.protected, the daemon's own workload) is refused whatever they say.
"""

from __future__ import annotations

from msgspec import Struct
from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import Api, open_api
from remediator.actions.kubernetes.cordon import put_back
from remediator.actions.kubernetes.documents import Document, objects, text
from remediator.actions.kubernetes.evictions import (
    BlockedError,
    PodReference,
    controller,
    evict,
    evict_all,
    has_left,
    is_leaving,
    is_mirror,
    reference,
    rights,
)
from remediator.actions.kubernetes.node import (
    NodeParameters,
    is_cordoned,
    node_backend,
    node_rights,
    node_targets,
    read_node,
    set_cordoned,
)
from remediator.actions.kubernetes.pods import is_finished
from remediator.actions.kubernetes.protection import pod_protected_by
from remediator.actions.kubernetes.waiting import Deadline, look_until
from remediator.core.action import Action, Intent, Outputs, Permission
from remediator.core.durations import Duration, show_duration
from remediator.errors import ActionError, AmbiguousError, PermanentError, TemporaryError

SYSTEM = frozenset({"kube-system", "kube-public", "kube-node-lease"})
_MOST_NAMED = 5


class DrainParameters(NodeParameters):
    """Which node, and what may be lost."""

    within: Duration = Field(
        300.0,
        gt=0,
        le=86400.0,
        description="Time for all of it, waiting for PodDisruptionBudgets and for pods to end included. The step's "
        "own timeout must be longer.",
    )
    grace_period: int | None = Field(
        None, ge=0, le=3600, description="Seconds for each pod to end in. Default: what the pod itself says."
    )
    empty_dir: bool = Field(False, description="Also pods with emptyDir volumes, whose content is lost.")
    unmanaged: bool = Field(False, description="Also pods without a controller, which nobody would replace.")
    system: bool = Field(
        False,
        description="Also pods of kube-system, kube-public and kube-node-lease, where allow.protected does not list "
        "them. What it lists is refused in any namespace.",
    )
    max_pods: int = Field(250, ge=1, le=1000, description="Refused when more would have to go.")


class DrainOutputs(Outputs):
    """What became of the node's pods."""

    evicted: int = Field(description="Pods that were evicted now.")
    left_alone: int = Field(description="Pods that stay: of daemonsets, run from a file, or finished.")
    was_cordoned: bool = Field(description="Whether pods were kept from the node before.")
    changed: bool = Field(description="False when the node was cordoned and empty already.")


class _Found(Struct, frozen=True):
    """The pods of a node, sorted out."""

    evict: tuple[PodReference, ...]  #: going ones among them: they are waited for
    stay: int


async def perform(p: DrainParameters, context: Context) -> DrainOutputs:
    """Cordon, then evict until none is left or the time is up; AmbiguousError tells how far it came.

    What is refused before any pod was evicted gives the node back as it was: then nothing has happened.
    """
    api = await open_api(context, p.connection)
    deadline = Deadline(p.within)
    node = await read_node(api, p)
    cordoned = is_cordoned(node)
    found = await _sort_out(api, p, context)
    if not cordoned:
        await set_cordoned(api, p, cordoned=True)
    evicted: list[PodReference] = []
    try:
        if not cordoned:
            found = await _sort_out(api, p, context)  # what was scheduled meanwhile
        await _empty(api, p, found, deadline, evicted)
    except (PermanentError, TemporaryError) as error:
        if evicted:
            words = f"{len(evicted)} of {len(found.evict)} pods were evicted, then {error}"
            raise AmbiguousError(f"node {p.node} is cordoned; {words}", transport=error.transport) from error
        if not cordoned:
            await _give_back(api, p, node, deadline, error)
        raise
    return DrainOutputs(
        evicted=len(evicted), left_alone=found.stay, was_cordoned=cordoned, changed=bool(evicted) or not cordoned
    )


async def _empty(api: Api, p: DrainParameters, found: _Found, deadline: Deadline, evicted: list[PodReference]) -> None:
    """Evict them and wait until they are gone; ``evicted`` is told each as it happens."""
    blocked = await evict_all(api, found.evict, deadline, grace=p.grace_period, note=evicted.append)
    staying = [pod for pod in found.evict if pod not in blocked]

    async def all_left() -> bool | None:
        staying[:] = [pod for pod in staying if not await has_left(api, pod)]
        return None if staying else True

    await look_until(all_left, deadline)
    if blocked or staying:
        raise AmbiguousError(_progress(p, found, evicted, blocked, staying))


async def _give_back(api: Api, p: DrainParameters, node: Document, deadline: Deadline, refused: ActionError) -> None:
    """Take our cordon back; AmbiguousError when that cannot be done either."""
    before = {"cordoned": False, "uid": text(node, "metadata", "uid")}
    try:
        await look_until(lambda: put_back(api, p, before), deadline)
    except ActionError as error:
        words = f"node {p.node} is still cordoned: {error}"
        raise AmbiguousError(f"{refused}; {words}", transport=error.transport) from error


async def resolve(p: DrainParameters, context: Context) -> Intent[DrainParameters]:
    """Record whether the node was cordoned; refuse what would be refused."""
    api = await open_api(context, p.connection)
    node = await read_node(api, p)
    await _sort_out(api, p, context)
    return Intent(p, {"cordoned": is_cordoned(node), "uid": text(node, "metadata", "uid")})


async def happened(intent: Intent[DrainParameters], context: Context) -> bool | None:
    """Whether the node is cordoned and empty; None when it is half done."""
    p = intent.parameters
    api = await open_api(context, p.connection)
    cordoned = is_cordoned(await read_node(api, p))
    if not cordoned:
        return False
    if not (await _sort_out(api, p, context)).evict:
        return True
    return None


async def preview(p: DrainParameters, context: Context) -> str:
    """Name the pods that would go; each eviction is asked as a dry run."""
    api = await open_api(context, p.connection)
    node = await read_node(api, p)
    if not is_cordoned(node):
        await set_cordoned(api, p, cordoned=True, dry_run=True)
    found = await _sort_out(api, p, context)
    lines = [f"node {p.node}: {'is' if is_cordoned(node) else 'would be'} cordoned; {found.stay} pods would stay"]
    for pod in found.evict:
        try:
            await evict(api, pod, grace=p.grace_period, dry_run=True)
            lines.append(f"pod {pod.title} would be evicted")
        except BlockedError:
            lines.append(f"pod {pod.title}: a PodDisruptionBudget does not allow its eviction now")
    return "\n".join(lines)


async def undo(intent: Intent[DrainParameters], context: Context) -> DrainOutputs:
    """Let pods be scheduled on the node again, if they were before. The evicted ones run elsewhere and stay there."""
    done = await put_back(await open_api(context, intent.parameters.connection), intent.parameters, intent.before)
    return DrainOutputs(evicted=0, left_alone=0, was_cordoned=done.cordoned != done.changed, changed=done.changed)


async def _sort_out(api: Api, p: DrainParameters, context: Context) -> _Found:
    """Return who must go; PermanentError names those that must not, before anybody is touched."""
    listed = await api.list("/api/v1/pods", [("fieldSelector", f"spec.nodeName={p.node}")])
    if not listed.complete:
        raise PermanentError(f"node {p.node} has too many pods to read")
    pods = [pod for pod in listed.items if not _stays(pod)]
    refused = [f"{reference(pod).title} ({why})" for pod in pods if (why := _why_not(p, pod, context))]
    if refused:
        more = f" and {len(refused) - _MOST_NAMED} more" if len(refused) > _MOST_NAMED else ""
        raise PermanentError(f"node {p.node} is not drained because of {', '.join(refused[:_MOST_NAMED])}{more}")
    if len(pods) > p.max_pods:
        raise PermanentError(f"node {p.node} has {len(pods)} pods to evict, more than max_pods ({p.max_pods})")
    return _Found(tuple(reference(pod) for pod in pods), len(listed.items) - len(pods))


def _stays(pod: Document) -> bool:
    return is_mirror(pod) or is_finished(pod) or text(controller(pod), "kind") == "DaemonSet"


def _why_not(p: DrainParameters, pod: Document, context: Context) -> str:
    if is_leaving(pod):
        return ""
    if pattern := pod_protected_by(context, p.connection, pod):
        return f"protected by {pattern}; see allow.protected"
    if text(pod, "metadata", "namespace") in SYSTEM and not p.system:
        return "it belongs to the cluster; system: true"
    if not controller(pod) and not p.unmanaged:
        return "no controller would replace it; unmanaged: true"
    if not p.empty_dir and any("emptyDir" in volume for volume in objects(pod, "spec", "volumes")):
        return "its emptyDir would be lost; empty_dir: true"
    return ""


def _progress(
    p: DrainParameters, found: _Found, evicted: list[PodReference], blocked: list[PodReference],
    staying: list[PodReference],
) -> str:  # fmt: skip
    parts = [f"node {p.node} is cordoned, but not empty after {show_duration(p.within)}"]
    parts.append(f"{len(evicted)} of {len(found.evict)} pods were evicted")
    for pods, why in ((blocked, "blocked by a PodDisruptionBudget"), (staying, "not ended yet")):
        if pods:
            parts.append(f"{why}: {', '.join(pod.title for pod in pods[:_MOST_NAMED])}")
    return "; ".join(parts)


def _permissions(_: DrainParameters) -> tuple[Permission, ...]:
    return (*node_rights(), Permission("list", "pods"), *rights(""))


ACTION = Action(
    name="kubernetes.drain",
    summary="Cordons a node and evicts its pods, waiting for PodDisruptionBudgets, as kubectl drain does.",
    parameters=DrainParameters,
    outputs=DrainOutputs,
    perform=perform,
    backend=node_backend,
    changes=True,
    targets=node_targets,
    resolve=resolve,
    happened=happened,
    preview=preview,
    undo=undo,
    undo_is_safe=True,
    amounts=lambda p: {"nodes": 1, "pods": p.max_pods},
    permissions=_permissions,
)
