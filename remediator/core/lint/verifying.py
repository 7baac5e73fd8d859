"""Verifications that hold whatever happened. Here, and only here, checks know single actions by name."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

from remediator.core.lint.subject import Finding, Subject
from remediator.core.records import StepPlan
from remediator.core.rules import Guide

_COMPARISONS = {
    "above": operator.gt, "below": operator.lt, "at_least": operator.ge, "at_most": operator.le, "equals": operator.eq,
}  # fmt: skip
_TEXTS = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|\{[^{}]*\}")
_CONSTANT = re.compile(r"[-+*/^%().\d\s]*(?:(?:vector|scalar|time)\s*\([-+*/^%().\d\s]*\)[-+*/^%().\d\s]*)*")
_COMPARES = re.compile(r"[<>]|[=!]=|\babsent(?:_over_time)?\b|\band\b|\bunless\b")
_BOOL = re.compile(r"(?:[<>]=?|[=!]=)\s*bool\b")
_ABSENT = re.compile(r"\s*absent(?:_over_time)?\s*\(([^()]|\([^()]*\))*\)\s*")
_OR_CONSTANT = re.compile(r"\bor\s+(?:on\s*\(\s*\)\s*)?vector\s*\(\s*(-?\d+(?:\.\d+)?)\s*\)\s*(\)?)\s*")
_WHOLE = re.compile(r"\s*(?:sum|max|min|avg)\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\s*")
_NOT_NEGATIVE = re.compile(r"(?:rate|irate|increase|count|changes|resets|count_over_time)\s*\((?:[^()]|\([^()]*\))*\)")
_UP = re.compile(r"\s*up\s*(?:\{[^}]*\})?\s*")
_EXISTS = 'put it into the numerator, "(errors or vector(0)) / all", or add "and on () up{...} == 1"'
_NEVER_MEASURED = 1e18  #: what is larger is a slip


def weak_verify(subject: Subject) -> Iterator[Finding]:
    """Find verifications that prove nothing: for ``all`` every condition must be weak, for ``any`` one is enough.

    One that holds without series is told in any case: among others it still says of what broke that it is well.
    """
    hint = "ask the service itself, or a metric of what its users see"
    for each in subject.guides:
        verify = each.guide.verify
        if verify is None:
            continue
        reasons = [_weakness(step, each.guide) for step in verify.conditions]
        if all(reasons) if verify.every else any(reasons):
            key = "all" if verify.every else "any"
            at = next(position for position, reason in enumerate(reasons) if reason)
            message = f"this proves nothing about the remedy: {reasons[at]}"
            yield Finding(each.file, (*each.path, "verify", key, at), message, hint)
            continue
        for position, step in enumerate(verify.conditions):
            if reason := _stands_in(step):
                yield Finding(each.file, (*each.path, "verify", "all", position), reason, _EXISTS)


def _stands_in(step: StepPlan) -> str:
    query = step.args.get("query") if step.action == "prometheus.query" else None
    return _constant_for_nothing(_TEXTS.sub("", query), _compared(dict(step.args))) if isinstance(query, str) else ""


def _weakness(step: StepPlan, guide: Guide) -> str:
    judge = _JUDGES.get(step.action)
    return judge(dict(step.args), guide) if judge else ""


def _alerts(args: dict[str, Any], _guide: Guide) -> str:
    if args.get("is", "resolved") != "resolved":
        return "whether an alert fires or is silenced is not whether the trouble is over"
    return "an alert is also over when its series is gone, or when Alertmanager was started again"


def _command(args: dict[str, Any], guide: Guide) -> str:
    run = {step.args.get("command") for remedy in guide.remedies for step in remedy.steps if step.changes}
    return f'it runs the remedy\'s own program "{args["command"]}" again' if args.get("command") in run else ""


def _query(args: dict[str, Any], _guide: Guide) -> str:
    query = args.get("query")
    if not isinstance(query, str):
        return ""
    bare = _TEXTS.sub("", query)
    if bare.strip() and "{{" not in query and _CONSTANT.fullmatch(query.strip()):
        return "the query is a constant"
    compared = _compared(args)
    if not compared and not _COMPARES.search(_BOOL.sub("", bare)):
        if _BOOL.search(bare):
            return "with bool a comparison gives 0 or 1, and without a limit any sample will do"
        return "without a comparison it holds as soon as there is any sample"
    return _without_series(bare, compared) or _always(bare, compared)


def _compared(args: dict[str, Any]) -> dict[str, float]:
    """Return the comparisons whose limit is a number already."""
    given = {name: args[name] for name in _COMPARISONS if args.get(name) is not None}
    return {name: value if isinstance(value, (int, float)) else math.nan for name, value in given.items()}


def _holds(compared: dict[str, float], value: float) -> bool:
    """Whether a value is as asked for. A limit that a template brings is met by none: nothing is said of it then."""
    return all(_COMPARISONS[name](value, limit) for name, limit in compared.items())


def _met(name: str, limit: float, value: float) -> bool:
    """Whether a constant is as asked for. Of a limit that a template brings: nothing at all is below it."""
    return value <= 0 and name in {"below", "at_most"} if math.isnan(limit) else _COMPARISONS[name](value, limit)


def _without_series(bare: str, compared: dict[str, float]) -> str:
    """Say when it holds though no series is there: what is broken altogether looks the same."""
    if _ABSENT.fullmatch(bare) and _holds(compared, 1.0):
        return "it holds as soon as the series are gone, as they are when nothing is scraped"
    return _constant_for_nothing(bare, compared)


def _constant_for_nothing(bare: str, compared: dict[str, float]) -> str:
    stands_in = _OR_CONSTANT.search(bare)
    if stands_in is None or stands_in.end() != len(bare) or (stands_in[2] and not _WHOLE.fullmatch(bare)):
        return ""
    value = float(stands_in[1])
    if compared and all(_met(name, limit, value) for name, limit in compared.items()):
        return f"with no series at all it holds, too: vector({stands_in[1]}) stands in for what is missing"
    return ""


def _always(bare: str, compared: dict[str, float]) -> str:
    """Say when every value that the query can have is as asked for."""
    if not compared or _COMPARES.search(bare):  # what a comparison leaves out may be all
        return ""
    low, high = -_NEVER_MEASURED, _NEVER_MEASURED
    if _UP.fullmatch(bare):
        low, high = 0.0, 1.0
    elif _NOT_NEGATIVE.fullmatch(bare.strip()):
        low = 0.0
    return _always_within(compared, low, high)


def _always_within(compared: dict[str, float], low: float, high: float) -> str:
    if "equals" in compared or not (_holds(compared, low) and _holds(compared, high)):
        return ""
    shown = ", ".join(f"{name}: {limit:g}" for name, limit in compared.items())
    return f"{shown} holds for whatever is measured"


def _number(args: dict[str, Any], _guide: Guide) -> str:
    """Judge a built-in number of a database: none is negative, a share is at most 1."""
    metric, compared = args.get("metric"), _compared(args)
    if not isinstance(metric, str) or "{{" in metric or not compared:
        return ""
    return _always_within(compared, 0.0, 1.0 if metric == "used_share" else _NEVER_MEASURED)


def _probe(args: dict[str, Any], _guide: Guide) -> str:
    if any(args.get(name) is not None for name in ("json", "header", "latency_below")):
        return ""
    status = args.get("status", ("200-299",))
    wanted = status if isinstance(status, (list, tuple)) else (status,)
    taken = all(any(_takes(one, code) for one in wanted) for code in (200, 404, 500, 503))
    return "every status is taken for good" if taken else ""


def _takes(wanted: object, code: int) -> bool:
    text = str(wanted).lower()
    if re.fullmatch(r"[1-5]xx", text):
        return text[0] == str(code)[0]
    low, _, high = text.partition("-")
    return low.isdecimal() and int(low) <= code <= (int(high) if high.isdecimal() else int(low))


_JUDGES: dict[str, Callable[[dict[str, Any], Guide], str]] = {
    "alertmanager.alerts": _alerts,
    "command.check": _command,
    "prometheus.query": _query,
    "http.probe": _probe,
    "postgres.check": _number,
}
