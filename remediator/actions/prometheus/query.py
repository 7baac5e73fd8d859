"""``prometheus.query``: one instant query (POST /api/v1/query of Prometheus' HTTP API), and what its result means."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from remediator.actions.answers.api import ask
from remediator.actions.answers.reading import excerpt
from remediator.actions.context import Context
from remediator.actions.prometheus.connection import Connection
from remediator.actions.prometheus.lookback import lookback
from remediator.core.action import Action, CheckOutputs, NamesConnection, Parameters, PromQL
from remediator.core.durations import Duration
from remediator.errors import PermanentError

_KEPT = 20  #: series in the outputs
_LABELS = 32  #: labels of each
_LABEL_LIMIT = 200  #: characters of a label's value
_WARNINGS = 10
_SHOWN = 300
_QUERY_LIMIT = 16_384

_COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "above": (operator.gt, "above"),
    "below": (operator.lt, "below"),
    "at_least": (operator.ge, "at least"),
    "at_most": (operator.le, "at most"),
    "equals": (operator.eq, "equal to"),
}


class QueryParameters(Parameters):
    """What to ask, and when the result holds."""

    connection: Annotated[str, NamesConnection()] = Field(
        "default", description="Name of an entry under connections.prometheus."
    )
    query: PromQL = Field(
        min_length=1, max_length=_QUERY_LIMIT, description="PromQL whose result is an instant vector or a scalar."
    )
    above: float | None = Field(None, allow_inf_nan=False, description="Holds if every series is above this.")
    below: float | None = Field(None, allow_inf_nan=False, description="Holds if every series is below this.")
    at_least: float | None = Field(None, allow_inf_nan=False, description="Holds if every series is this or above.")
    at_most: float | None = Field(None, allow_inf_nan=False, description="Holds if every series is this or below.")
    equals: float | None = Field(None, allow_inf_nan=False, description="Holds if every series is exactly this.")
    settle: Duration | None = Field(
        None,
        description="How long after a change the result can show it. Default: the query's range and offset plus the "
        "connection's scrape_interval; say it where the query reads recorded rates, whose range it cannot see.",
    )

    @model_validator(mode="after")
    def _one_comparison(self) -> QueryParameters:
        given = [name for name in _COMPARISONS if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of {', '.join(given)}; for a range of values write two conditions")
        return self


class Series(BaseModel):
    """One series of the result."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    labels: dict[str, str] = Field(description="Its labels; 32 at most, values of 200 characters at most.")
    value: float | None = Field(description="Its value; none for NaN and infinities.")


class QueryOutputs(CheckOutputs):
    """The result. Without a comparison it holds when there is a sample and none is NaN."""

    holds: bool = Field(description="Whether every series is as asked for; never when there is none, or with NaN.")
    reason: str = Field("", description="Why, in a sentence.")
    value: float | None = Field(None, description="The value when there is one series; none otherwise, and for NaN.")
    values: list[Series] = Field([], description="The first 20 series; those that do not fulfil the comparison first.")
    series: int = Field(0, description="How many series there are.")
    empty: bool = Field(True, description="Whether there is no series.")
    warnings: list[str] = Field([], description="What Prometheus warned of, 10 at most.")


class _Sample(NamedTuple):
    labels: dict[str, str]
    value: float


async def query(parameters: QueryParameters, context: Context) -> QueryOutputs:
    """Ask once, as of now. A refused query is a PermanentError with Prometheus' own words."""
    connection: Connection = context.connection("prometheus", parameters.connection)
    answer = await ask(context, connection, "/api/v1/query", form=[("query", parameters.query)])
    if not isinstance(answer, dict) or answer.get("status") != "success" or not isinstance(answer.get("data"), dict):
        raise PermanentError(f"{connection.url} does not answer as Prometheus does")
    try:
        samples = _samples(answer["data"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PermanentError(f"{connection.url} sent a result that cannot be read") from error
    return _outputs(parameters, samples, _warnings(answer))


def _samples(data: dict[str, Any]) -> list[_Sample]:
    kind, result = data["resultType"], data["result"]
    if kind == "scalar":
        return [_Sample({}, _number(result))]
    if kind == "vector":
        # A native histogram has no "value": it counts as not a number.
        return [_Sample(_labels(item["metric"]), _number(item.get("value", (0, "NaN")))) for item in result]
    if kind == "matrix":
        raise PermanentError("the query's result is a range; wrap it, for example in avg_over_time(...)")
    raise PermanentError("the query's result is neither a vector nor a scalar")


def _number(pair: Any) -> float:
    _, text = pair
    if not isinstance(text, str):
        raise TypeError("a sample's value is text")
    return float(text)


def _labels(metric: Any) -> dict[str, str]:
    if not isinstance(metric, dict):
        raise TypeError("labels are a mapping")
    first = list(metric.items())[:_LABELS]
    return {excerpt(name, _LABEL_LIMIT): excerpt(str(value), _LABEL_LIMIT) for name, value in first}


def _warnings(answer: dict[str, Any]) -> list[str]:
    given = answer.get("warnings")
    return [excerpt(str(text), _SHOWN) for text in given[:_WARNINGS]] if isinstance(given, list) else []


def _outputs(parameters: QueryParameters, samples: list[_Sample], warnings: list[str]) -> QueryOutputs:
    holding: list[_Sample] = []
    others: list[_Sample] = []
    judge = _judge(parameters)
    for sample in samples:
        (holding if judge(sample.value) else others).append(sample)
    reason = _reason(parameters, holding, others)
    if warnings:
        reason += f"; Prometheus warns: {warnings[0]}"
    return QueryOutputs(
        holds=bool(samples) and not others,
        reason=reason,
        value=_finite(samples[0].value) if len(samples) == 1 else None,
        values=[Series(labels=one.labels, value=_finite(one.value)) for one in (others + holding)[:_KEPT]],
        series=len(samples),
        empty=not samples,
        warnings=warnings,
    )


def _comparison(parameters: QueryParameters) -> tuple[str, float] | None:
    for name in _COMPARISONS:
        limit = getattr(parameters, name)
        if limit is not None:
            return name, limit
    return None


def _judge(parameters: QueryParameters) -> Callable[[float], bool]:
    comparison = _comparison(parameters)
    if comparison is None:
        return lambda value: not math.isnan(value)
    compare, limit = _COMPARISONS[comparison[0]][0], comparison[1]
    return lambda value: compare(value, limit)  # NaN compares with nothing


def _reason(parameters: QueryParameters, holding: list[_Sample], others: list[_Sample]) -> str:
    comparison = _comparison(parameters)
    asked = f"{_COMPARISONS[comparison[0]][1]} {comparison[1]:.10g}" if comparison else "a number"
    if others:
        more = f" ({len(others)} of {len(holding) + len(others)} series are not)" if len(others) > 1 else ""
        return f"{_named(others[0])} is {others[0].value:.10g}, not {asked}{more}"
    if not holding:
        return "the query returns no series"
    if len(holding) == 1:
        return f"{_named(holding[0])} is {holding[0].value:.10g}" + (f", {asked}" if comparison else "")
    return f"all {len(holding)} series are {asked}"


def _named(sample: _Sample) -> str:
    if not sample.labels:
        return "the value"
    labels = dict(sample.labels)
    name = labels.pop("__name__", "")
    inside = ", ".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return excerpt(f"{name}{{{inside}}}", _SHOWN)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def settle(parameters: QueryParameters, context: Context) -> float:
    """Return the seconds after a change before the result rests on later samples only."""
    if parameters.settle is not None:
        return parameters.settle
    connection: Connection = context.connection("prometheus", parameters.connection)
    return lookback(parameters.query) + connection.scrape_interval


def backend(parameters: QueryParameters) -> str:
    """Return ``prometheus/NAME``."""
    return f"prometheus/{parameters.connection}"


QUERY: Action[QueryParameters, QueryOutputs] = Action(
    name="prometheus.query",
    summary="Asks Prometheus for a query's value as of now and compares every series with a limit.",
    parameters=QueryParameters,
    outputs=QueryOutputs,
    perform=query,
    backend=backend,
    settle=settle,
)
