"""``kubernetes.hpa``: the HorizontalPodAutoscaler of a workload: its bounds, what it wants and what holds it back."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import open_api
from remediator.actions.kubernetes.documents import Document, clean, number, objects, section, text
from remediator.actions.kubernetes.moments import instant, seconds_between
from remediator.actions.kubernetes.workloads import WorkloadParameters, backend, read_autoscaler
from remediator.core.action import Action, Outputs, Permission

_MOST_METRICS = 20
_VALUES = ("averageUtilization", "averageValue", "value")


class HpaParameters(WorkloadParameters):
    """Whose autoscaler."""

    kind: Literal["deployment", "statefulset"] = Field(description="The workload's kind.")


class Metric(Outputs):
    """One thing that it scales by."""

    name: str = Field(description="Such as cpu, or the metric's name.")
    current: str = Field(description="What is measured; empty when nothing is. A number alone is per cent.")
    target: str = Field(description="What it should be.")


class HpaOutputs(Outputs):
    """The autoscaler; all but exists is empty when there is none."""

    exists: bool = Field(description="Whether an autoscaler targets the workload.")
    name: str = Field(description="Its name.")
    min: int = Field(description="Never fewer replicas.")
    max: int = Field(description="Never more.")
    current: int = Field(description="Replicas that it last saw.")
    desired: int = Field(description="Replicas that it wants.")
    at_max: bool = Field(description="Whether it wants as many as it may have: it cannot help any more.")
    limited: bool = Field(description="Whether it would want more or fewer than min and max allow.")
    able: bool | None = Field(description="Whether it can read and set the count; none when it has not said.")
    active: bool | None = Field(description="Whether it has measurements to scale by; none when it has not said.")
    reason: str = Field(description="Why it is not able or active, or is limited; empty when nothing is wrong.")
    metrics: tuple[Metric, ...] = Field(description="What it scales by; 20 at most.")
    scaled_ago: float | None = Field(description="Seconds since it last changed the count.")


async def perform(p: HpaParameters, context: Context) -> HpaOutputs:
    """Look through the namespace's autoscalers for the one of this workload; that there is none is a finding."""
    api = await open_api(context, p.connection)
    found = await read_autoscaler(api, p)
    most, desired = number(found or {}, "spec", "maxReplicas"), number(found or {}, "status", "desiredReplicas")
    hpa = found or {}
    limited = _says(hpa, "ScalingLimited")
    return HpaOutputs(
        exists=found is not None,
        name=text(hpa, "metadata", "name", limit=253),
        min=number(hpa, "spec", "minReplicas", default=1) if found else 0,
        max=most,
        current=number(hpa, "status", "currentReplicas"),
        desired=desired,
        at_max=bool(most) and desired >= most,
        limited=limited is True,
        able=_says(hpa, "AbleToScale"),
        active=_says(hpa, "ScalingActive"),
        reason=_reason(hpa),
        metrics=_metrics(hpa),
        scaled_ago=seconds_between(instant(text(hpa, "status", "lastScaleTime")), context.now),
    )


def _condition(hpa: Document, kind: str) -> Document:
    return next((item for item in objects(hpa, "status", "conditions") if item.get("type") == kind), {})


def _says(hpa: Document, kind: str) -> bool | None:
    return {"True": True, "False": False}.get(text(_condition(hpa, kind), "status"))


def _reason(hpa: Document) -> str:
    for kind, wrong in (("AbleToScale", False), ("ScalingActive", False), ("ScalingLimited", True)):
        if _says(hpa, kind) is wrong:
            found = _condition(hpa, kind)
            return clean(f"{text(found, 'reason')}: {text(found, 'message')}", 300)
    return ""


def _metrics(hpa: Document) -> tuple[Metric, ...]:
    """Return what it scales by. Each entry holds its source below a key that its type names (``resource``)."""
    measured = [_source(item) for item in objects(hpa, "status", "currentMetrics")]
    now = {name: _amount(section(source, "current")) for name, source in measured}
    wanted = [_source(item) for item in objects(hpa, "spec", "metrics")[:_MOST_METRICS]]
    return tuple(
        Metric(name=name, current=now.get(name, ""), target=_amount(section(source, "target")))
        for name, source in wanted
    )


def _source(item: Document) -> tuple[str, Document]:
    source: Document = next((value for value in item.values() if isinstance(value, dict)), {})
    parts = (source.get("container"), source.get("name"), section(source, "metric").get("name"))
    return clean(" ".join(part for part in parts if isinstance(part, str)), 200), source


def _amount(found: Any) -> str:
    held = (section(found).get(name) for name in _VALUES)
    return clean(str(next((value for value in held if isinstance(value, (int, str))), "")), 50)


ACTION = Action(
    name="kubernetes.hpa",
    summary="Tells a workload's autoscaler: its bounds, what it wants, and what holds it back.",
    parameters=HpaParameters,
    outputs=HpaOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda p: (Permission("list", "horizontalpodautoscalers", p.namespace, "autoscaling"),),
)
