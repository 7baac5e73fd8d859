"""``prometheus.range``: how a value went over time (POST /api/v1/query_range): first, last, least, most, slope.

The slope is that of the line with the least squared distances from the samples, as ``deriv()`` takes it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from remediator.actions.context import Context
from remediator.actions.prometheus.answer import data_of, labels, objects
from remediator.actions.prometheus.connection import Connection
from remediator.core.action import Action, NamesConnection, Outputs, Parameters, PromQL
from remediator.core.durations import SECOND, Duration
from remediator.errors import PermanentError

_KEPT = 20  #: series in the outputs
_QUERY_LIMIT = 16_384
_HOUR = 3600.0
_LINE = 2  #: samples that a slope needs


class RangeParameters(Parameters):
    """What to ask, over how long."""

    connection: Annotated[str, NamesConnection()] = Field(
        "default", description="Name of an entry under connections.prometheus."
    )
    query: PromQL = Field(
        min_length=1, max_length=_QUERY_LIMIT, description="PromQL whose result is an instant vector."
    )
    over: Duration = Field(3600.0, gt=0, le=31 * 86400, description="How long back from now, at most 31d.")
    samples: int = Field(120, ge=2, le=1000, description="Points in time to ask for, evenly spread.")


class Course(BaseModel):
    """How one series went."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    labels: dict[str, str] = Field(description="Its labels; 32 at most, values of 200 characters at most.")
    first: float = Field(description="Its first value.")
    last: float = Field(description="Its last value.")
    min: float = Field(description="Its least value.")
    max: float = Field(description="Its greatest value.")
    slope_per_hour: float | None = Field(
        description="How much it grew in an hour; below zero: it fell. None of one value."
    )
    points: int = Field(description="Values that it has; NaN and infinities are left out.")


class RangeOutputs(Outputs):
    """How the values went. The single values are there when there is one series; with several, ask ``series``."""

    first: float | None = Field(description="The first value of the one series.")
    last: float | None = Field(description="Its last value.")
    min: float | None = Field(description="Its least value.")
    max: float | None = Field(description="Its greatest value.")
    slope_per_hour: float | None = Field(description="How much it grew in an hour; below zero: it fell.")
    steepest_per_hour: float | None = Field(description="The greatest slope of all series; none without any.")
    points: int = Field(description="Values of all series.")
    count: int = Field(description="How many series there are.")
    series: list[Course] = Field(description="The first 20, the steepest first.")


class _Point(NamedTuple):
    at: float  #: seconds since 1970
    value: float


async def perform(p: RangeParameters, context: Context) -> RangeOutputs:
    """Ask once, back from now."""
    connection: Connection = context.connection("prometheus", p.connection)
    end = context.now / SECOND
    form = [
        ("query", p.query), ("start", f"{end - p.over:.3f}"), ("end", f"{end:.3f}"),
        ("step", f"{max(p.over / (p.samples - 1), 0.001):.3f}"),
    ]  # fmt: skip
    data = await data_of(context, connection, "/api/v1/query_range", form=form)
    if data.get("resultType") != "matrix":
        raise PermanentError("the query's result is no vector over time")
    try:
        read = [(labels(item.get("metric")), _points(item.get("values", ()))) for item in objects(data.get("result"))]
    except (TypeError, ValueError) as error:
        raise PermanentError(f"{connection.url} sent a result that cannot be read") from error
    courses = [_course(known, points) for known, points in read if points]
    courses.sort(key=lambda course: -math.inf if course.slope_per_hour is None else course.slope_per_hour, reverse=True)
    one = courses[0] if len(courses) == 1 else None
    return RangeOutputs(
        first=one.first if one else None,
        last=one.last if one else None,
        min=one.min if one else None,
        max=one.max if one else None,
        slope_per_hour=one.slope_per_hour if one else None,
        steepest_per_hour=courses[0].slope_per_hour if courses else None,
        points=sum(course.points for course in courses),
        count=len(courses),
        series=courses[:_KEPT],
    )


def _points(values: Any) -> list[_Point]:
    points = [_Point(float(at), float(value)) for at, value in values]
    return [point for point in points if math.isfinite(point.value) and math.isfinite(point.at)]


def _course(known: dict[str, str], points: Sequence[_Point]) -> Course:
    values = [point.value for point in points]
    return Course(
        labels=known,
        first=values[0],
        last=values[-1],
        min=min(values),
        max=max(values),
        slope_per_hour=slope(points),
        points=len(points),
    )


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """Return the growth in an hour of (seconds, value) points; None of fewer than two instants, or beyond a float."""
    if len(points) < _LINE:
        return None
    start = points[0][0]
    mean_at = math.fsum(at - start for at, _ in points) / len(points)
    spread = math.fsum((at - start - mean_at) ** 2 for at, _ in points)
    try:
        mean = math.fsum(value / len(points) for _, value in points)
        grown = math.fsum((at - start - mean_at) * (value - mean) for at, value in points)
    except (OverflowError, ValueError):  # infinities on the way
        return None
    found = grown / spread * _HOUR if spread else math.nan
    return found if math.isfinite(found) else None


ACTION: Action[RangeParameters, RangeOutputs] = Action(
    name="prometheus.range",
    summary="Asks Prometheus how a value went over time: first, last, least, most, and its slope.",
    parameters=RangeParameters,
    outputs=RangeOutputs,
    perform=perform,
    backend=lambda p: f"prometheus/{p.connection}",
)
