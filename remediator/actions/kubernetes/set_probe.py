"""``kubernetes.set_probe``: times and thresholds of a container's probes; its pods restart.

Only probes that are there: how to ask whether a container is well is not this action's to invent.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from remediator.actions.kubernetes.caution import KEEPS_ALL, caution_about
from remediator.actions.kubernetes.containers import container_at
from remediator.actions.kubernetes.documents import Document
from remediator.actions.kubernetes.edit import Edit, EditOutputs
from remediator.actions.kubernetes.names import Label
from remediator.actions.kubernetes.places import Fields, Place, value_at
from remediator.actions.kubernetes.workloads import WorkloadParameters, backend, path, right, targets, title
from remediator.core.action import Action
from remediator.errors import PermanentError

Seconds = Annotated[int, Field(ge=1, le=3600)]
Count = Annotated[int, Field(ge=1, le=1000)]


class ProbeTimes(BaseModel):
    """What shall change of one probe; what is not given stays. Names and bounds as in a pod's specification."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    initial_delay_seconds: Annotated[int, Field(ge=0, le=3600)] | None = Field(
        None, description="Seconds from the container's start to the first probe."
    )
    period_seconds: Seconds | None = Field(None, description="Seconds from probe to probe.")
    timeout_seconds: Seconds | None = Field(None, description="Seconds that one probe may take.")
    success_threshold: Count | None = Field(
        None, description="Successes in a row until it counts as well; only 1 for liveness and startup."
    )
    failure_threshold: Count | None = Field(None, description="Failures in a row until it counts as failed.")


_FIELDS = {
    "initial_delay_seconds": "initialDelaySeconds",
    "period_seconds": "periodSeconds",
    "timeout_seconds": "timeoutSeconds",
    "success_threshold": "successThreshold",
    "failure_threshold": "failureThreshold",
}
_PROBES = {"liveness": "livenessProbe", "readiness": "readinessProbe", "startup": "startupProbe"}


class ProbeParameters(WorkloadParameters):
    """Which workload, which container, and what of its probes."""

    container: Label | None = Field(
        None,
        description="The container. Default: the only one, or the one that the pod template's annotation "
        "kubectl.kubernetes.io/default-container names.",
    )
    liveness: ProbeTimes | None = Field(None, description="Its liveness probe: a failure restarts the container.")
    readiness: ProbeTimes | None = Field(None, description="Its readiness probe: a failure takes it out of Services.")
    startup: ProbeTimes | None = Field(None, description="Its startup probe: until it succeeds the others wait.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not any(times.model_dump(exclude_none=True) for times in self.times.values()):
            raise ValueError("give what shall change of liveness, readiness or startup")
        for name in ("liveness", "startup"):
            if name in self.times and self.times[name].success_threshold not in (None, 1):
                raise ValueError(f"success_threshold of {name} can only be 1")
        return self

    @property
    def times(self) -> dict[str, ProbeTimes]:
        """Return what was given, by the probe's name."""
        given = {"liveness": self.liveness, "readiness": self.readiness, "startup": self.startup}
        return {name: times for name, times in given.items() if times is not None}


def _fix(p: ProbeParameters, workload: Document) -> ProbeParameters:
    return p.model_copy(update={"container": container_at(workload, p.container)[0]})


def _wanted(p: ProbeParameters, workload: Document) -> Fields:
    name, container = container_at(workload, p.container)
    fields: dict[Place, int] = {}
    for probe, times in p.times.items():
        place = (*container, _PROBES[probe])
        if not value_at(workload, place):
            raise PermanentError(f"{title(p)}: container {name} has no {probe} probe")
        fields |= {(*place, _FIELDS[key]): value for key, value in times.model_dump(exclude_none=True).items()}
    return fields


def _caution(_p: ProbeParameters, workload: Document) -> str:
    return caution_about(workload, keeps=KEEPS_ALL)


_EDIT: Edit[ProbeParameters] = Edit(path=path, title=title, wanted=_wanted, caution=_caution, fix=_fix)

ACTION: Action[ProbeParameters, EditOutputs] = Action(
    name="kubernetes.set_probe",
    summary="Sets times and thresholds of a container's liveness, readiness or startup probe; its pods restart.",
    parameters=ProbeParameters,
    outputs=EditOutputs,
    perform=_EDIT.perform,
    backend=backend,
    changes=True,
    targets=targets,
    resolve=_EDIT.resolve,
    happened=_EDIT.happened,
    preview=_EDIT.preview,
    caution=_EDIT.warn,
    undo=_EDIT.undo,
    undo_is_safe=True,
    permissions=lambda p: (right(p, "get"), right(p, "patch")),
)
