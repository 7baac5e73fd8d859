"""``kubernetes.rollout_status``: whether a rollout is complete, by kubectl's rules.

The rules are those of ``kubectl rollout status`` (kubectl, ``pkg/polymorphichelpers``): what the
controller has not observed yet says nothing, so the generation is compared first.
"""

from __future__ import annotations

import asyncio

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import Api, open_api
from remediator.actions.kubernetes.completion import Completion, completion
from remediator.actions.kubernetes.documents import number
from remediator.actions.kubernetes.workloads import WorkloadParameters, backend, read_workload, replicas_of, right
from remediator.core.action import Action, CheckOutputs
from remediator.core.durations import Duration
from remediator.errors import TemporaryError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 2.0  # seconds between two looks; each pause is twice the one before


class RolloutParameters(WorkloadParameters):
    """Which workload, and how long to wait for it."""

    wait: Duration = Field(
        0.0,
        le=86400.0,
        description="Look again until it is complete, for this long at most. Default: look once. The step's own "
        "timeout must be longer.",
    )


class RolloutOutputs(CheckOutputs):
    """Whether the newest rollout is complete, and why not."""

    holds: bool = Field(description="Whether the newest rollout is complete, by kubectl's rules.")
    reason: str = Field("", description="Why, in a sentence.")
    failed: bool = Field(
        description="Whether it will not complete by itself: its progress deadline is exceeded, or it updates OnDelete."
    )
    replicas: int = Field(description="Pods asked for; of a daemonset, nodes that should run it.")
    updated: int = Field(description="Pods made from the newest pod template.")
    ready: int = Field(description="Pods that are ready.")
    available: int = Field(description="Pods that have been ready for long enough.")
    generation: int = Field(description="Number of the newest specification.")
    observed_generation: int = Field(description="Number of the specification that its controller has seen.")


async def perform(p: RolloutParameters, context: Context) -> RolloutOutputs:
    """Look once; with ``wait``, look until it is complete, has failed, or the time is up.

    While waiting, a look that fails temporarily is one without a result; if the last one fails, its
    error is raised.
    """
    api = await open_api(context, p.connection)
    loop = asyncio.get_running_loop()
    until = loop.time() + p.wait
    step = _FIRST_PAUSE
    while True:
        pause, step = step, min(2 * step, _LONGEST_PAUSE)
        try:
            seen = await _look(api, p)
            if seen.holds or seen.failed or loop.time() >= until:
                return seen
        except TemporaryError as error:
            if loop.time() >= until:
                raise
            pause = max(pause, error.retry_after or 0.0)
        await asyncio.sleep(max(min(pause, until - loop.time()), 0.0))


async def _look(api: Api, p: RolloutParameters) -> RolloutOutputs:
    workload = await read_workload(api, p)
    said: Completion = completion(workload)
    daemon = p.kind == "daemonset"
    return RolloutOutputs(
        holds=said.complete,
        reason=f"{p.kind} {p.namespace}/{p.name}: {said.reason}",
        failed=said.failed,
        replicas=replicas_of(workload),
        updated=number(workload, "status", "updatedNumberScheduled" if daemon else "updatedReplicas"),
        ready=number(workload, "status", "numberReady" if daemon else "readyReplicas"),
        available=number(workload, "status", "numberAvailable" if daemon else "availableReplicas"),
        generation=number(workload, "metadata", "generation"),
        observed_generation=number(workload, "status", "observedGeneration"),
    )


ACTION = Action(
    name="kubernetes.rollout_status",
    summary="Tells whether a workload's newest rollout is complete; can wait for it.",
    parameters=RolloutParameters,
    outputs=RolloutOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda p: (right(p, "get"),),
)
