"""How many replicas one workload has: what is asked for, what came of it, and where it is read."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from remediator.actions.kubernetes.amount import Amount, Count
from remediator.actions.kubernetes.api import MERGE_PATCH, Api
from remediator.actions.kubernetes.documents import Document, text
from remediator.actions.kubernetes.workloads import WorkloadParameters, path
from remediator.actions.kubernetes.writing import patch_as_read
from remediator.core.action import Outputs
from remediator.errors import PermanentError

BoundsPair = tuple[Count, Count]


class ScaleParameters(Amount, WorkloadParameters):
    """Which workload, and how many replicas it shall have."""

    kind: Literal["deployment", "statefulset"] = Field(description="The workload's kind.")
    autoscaler: Literal["refuse", "bounds"] = Field(
        "refuse",
        description="Where a HorizontalPodAutoscaler owns the count: refuse, or raise its bounds. minReplicas becomes "
        "the count that is asked for; maxReplicas is raised with it only within max, which then has to be given. "
        "Fewer replicas are the autoscaler's own decision, and refused. With refuse, to zero and back it may go: there "
        "an autoscaler rests.",
    )
    from_bounds: BoundsPair | None = Field(
        None, description="The autoscaler's bounds as they were. Filled in before the step is done."
    )
    to_bounds: BoundsPair | None = Field(
        None, description="The autoscaler's bounds as they shall be. Filled in before the step is done."
    )


class ScaleOutputs(Outputs):
    """What became of it."""

    replicas: int = Field(description="Pods asked for now.")
    before: int = Field(description="Pods asked for when the step began.")
    changed: bool = Field(description="False when there were as many already.")
    autoscaler: str | None = Field(None, description="The autoscaler whose bounds were asked for instead of a count.")
    min_replicas: int | None = Field(None, description="The autoscaler's lower bound now.")
    max_replicas: int | None = Field(None, description="The autoscaler's upper bound now.")


async def read_scale(api: Api, p: ScaleParameters) -> Document:
    """Return the workload's scale; PermanentError when the answer is none."""
    scale = await api.get(path(p, "scale"))
    if scale.get("kind") != "Scale" or not text(scale, "metadata", "resourceVersion"):
        raise PermanentError(f"GET {path(p, 'scale')}: the answer is not a scale")
    return scale


async def set_replicas(api: Api, path: str, scale: Document, replicas: int, *, dry_run: bool = False) -> Document:
    """Set the count at this scale, as it was read; TemporaryError (409) when somebody wrote in between."""

    def make(now: Document) -> Document:
        version = text(now, "metadata", "resourceVersion")
        return {"metadata": {"resourceVersion": version}, "spec": {"replicas": replicas}}

    return await patch_as_read(api, path, scale, make, MERGE_PATCH, dry_run=dry_run)


def title_of(p: ScaleParameters) -> str:
    """Return the workload, for people."""
    return f"{p.kind} {p.namespace}/{p.name}"
