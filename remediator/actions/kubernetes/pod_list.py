"""``kubernetes.pods``: which pods are in trouble, and why."""

from __future__ import annotations

from collections import Counter

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import open_api
from remediator.actions.kubernetes.chosen import ChosenParameters, chosen_pods, pod_rights
from remediator.actions.kubernetes.trouble import PodState, pod_state
from remediator.core.action import Action, Outputs

_MOST_COUNTED = 50


class PodsParameters(ChosenParameters):
    """Which pods, and how many to show."""

    worst: int = Field(20, ge=0, le=100, description="How many in trouble to return; all are counted.")


class PodsOutputs(Outputs):
    """How the pods are."""

    total: int = Field(description="Pods that were found.")
    running: int = Field(description="Those in the phase Running.")
    ready: int = Field(description="Those that are ready.")
    not_running: int = Field(description="Those in any phase but Running and Succeeded.")
    not_ready: int = Field(description="Those neither ready nor ended well.")
    oom_killed: int = Field(description="Those with a container that was last ended for using too much memory.")
    restarts: int = Field(description="Restarts of all containers, together.")
    most_restarts: int = Field(description="Restarts of the pod that restarted most.")
    counts: dict[str, int] = Field(
        description="Pods that are not ready by reason, such as CrashLoopBackOff; the 50 most frequent reasons."
    )
    revisions: dict[str, int] = Field(description="Pods by the hash of their revision; the 50 most frequent.")
    nodes: dict[str, int] = Field(description="Pods that are not ready by node; the 50 most frequent.")
    worst: tuple[PodState, ...] = Field(
        description="Pods in trouble: not ready first, then out of memory, then those that restarted most."
    )
    complete: bool = Field(description="False when there are more pods than are read; all numbers then are too small.")


async def perform(p: PodsParameters, context: Context) -> PodsOutputs:
    """Read the pods and keep the worst of them; no more is held than a page and these."""
    api = await open_api(context, p.connection)
    tally: Counter[str] = Counter()
    by_reason: Counter[str] = Counter()
    by_revision: Counter[str] = Counter()
    by_node: Counter[str] = Counter()
    worst: list[PodState] = []
    most, complete = 0, True
    async for batch in chosen_pods(api, p):
        complete = batch.complete
        states = [pod_state(pod, context.now) for pod in batch.pods]
        for state in states:
            tally.update(_counted(state))
            tally["restarts"] += state.restarts
            most = max(most, state.restarts)
            by_revision[state.revision] += bool(state.revision)
            if _unwell(state):
                by_reason[state.reason or "unknown"] += 1
                by_node[state.node or "(none)"] += 1
        worst = sorted([*worst, *filter(_in_trouble, states)], key=_badness)[: p.worst]
    return PodsOutputs(
        total=tally["total"],
        running=tally["running"],
        ready=tally["ready"],
        not_running=tally["not_running"],
        not_ready=tally["not_ready"],
        oom_killed=tally["oom_killed"],
        restarts=tally["restarts"],
        most_restarts=most,
        counts=dict(by_reason.most_common(_MOST_COUNTED)),
        revisions=dict((+by_revision).most_common(_MOST_COUNTED)),
        nodes=dict(by_node.most_common(_MOST_COUNTED)),
        worst=tuple(worst),
        complete=complete,
    )


def _counted(state: PodState) -> dict[str, int]:
    return {
        "total": 1,
        "running": state.phase == "Running",
        "ready": state.ready,
        "not_running": state.phase not in {"Running", "Succeeded"},
        "not_ready": _unwell(state),
        "oom_killed": state.oom_killed,
    }


def _unwell(state: PodState) -> bool:
    return not state.ready and state.phase != "Succeeded"


def _in_trouble(state: PodState) -> bool:
    return _unwell(state) or state.oom_killed or state.restarts > 0


def _badness(state: PodState) -> tuple[bool, bool, int, str, str]:
    return (not _unwell(state), not state.oom_killed, -state.restarts, state.namespace, state.name)


ACTION = Action(
    name="kubernetes.pods",
    summary="Counts the pods of a workload, a selector or a namespace by how they are, and shows the worst.",
    parameters=PodsParameters,
    outputs=PodsOutputs,
    perform=perform,
    backend=lambda p: f"kubernetes/{p.connection}",
    permissions=pod_rights,
)
