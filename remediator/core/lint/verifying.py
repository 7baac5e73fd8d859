"""Verifications that hold whatever happened. Here, and only here, checks know single actions by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from remediator.core.lint.subject import Finding, Subject
from remediator.core.records import StepPlan
from remediator.core.rules import Guide

_COMPARISONS = ("above", "below", "at_least", "at_most", "equals")
_TEXTS = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|\{[^{}]*\}")
_CONSTANT = re.compile(r"[-+*/^%().\d\s]*(?:(?:vector|scalar|time)\s*\([-+*/^%().\d\s]*\)[-+*/^%().\d\s]*)*")
_COMPARES = re.compile(r"[<>]|[=!]=|\babsent(?:_over_time)?\b|\band\b|\bunless\b")


def weak_verify(subject: Subject) -> Iterator[Finding]:
    """Find verifications that prove nothing: for ``all`` every condition must be weak, for ``any`` one is enough."""
    for each in subject.guides:
        verify = each.guide.verify
        if verify is None:
            continue
        reasons = [_weakness(step, each.guide) for step in verify.conditions]
        if all(reasons) if verify.every else any(reasons):
            key = "all" if verify.every else "any"
            at = next(position for position, reason in enumerate(reasons) if reason)
            message = f"this proves nothing about the remedy: {reasons[at]}"
            hint = "ask the service itself, or a metric of what its users see"
            yield Finding(each.file, (*each.path, "verify", key, at), message, hint)


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
    if not any(args.get(name) is not None for name in _COMPARISONS) and not _COMPARES.search(bare):
        return "without a comparison it holds as soon as there is any sample"
    return ""


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
}
