"""An explanation for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from remediator.core.durations import SECOND, show_duration
from remediator.interfaces.explained import Explained, Said, Step, Would

LONGEST = 200  #: characters of a value
NEAREST = 3  #: rules shown when none matches


def document(made: Explained) -> dict[str, Any]:
    """Return it as a JSON document."""
    return {
        "labels": dict(made.labels), "at": made.at, "history": made.history, "matches": made.matches,
        "rules": [
            {
                "rule": one.rule, "file": one.file, "matches": one.matches, "takes": one.takes, "near": one.near,
                "taken_by": one.taken_by,
                "missed": [{"matcher": miss.matcher, "label": miss.label, "value": miss.value} for miss in one.missed],
            }
            for one in made.rules
        ],
        "would": [_would(one) for one in made.would],
        "then": [dict(one) for one in made.then],
    }  # fmt: skip


def _would(one: Would) -> dict[str, Any]:
    plain = {
        name: getattr(one, name)
        for name in (
            "rule", "refused_by", "because", "guide", "summary", "target", "mode", "mode_because", "acts", "joins",
            "verify_text", "escalate",
        )
    }  # fmt: skip
    return {
        **plain, "verdict": _said(one.verdict), "locks": list(one.locks), "parameters": dict(one.parameters or {}),
        "guards": [_said(said) for said in one.guards], "diagnose": [_step(step) for step in one.diagnose],
        "verify": [_step(step) for step in one.verify],
        "remedies": [
            {"name": r.name, "mode": r.mode, "when": r.when, "steps": [_step(step) for step in r.steps]}
            for r in one.remedies
        ],
    }  # fmt: skip


def _said(said: Said) -> dict[str, Any]:
    return {name: getattr(said, name) for name in Said.__struct_fields__}


def _step(step: Step) -> dict[str, Any]:
    return {**{name: getattr(step, name) for name in Step.__struct_fields__}, "arguments": dict(step.arguments)}


def text(made: Mapping[str, Any], *, every: bool = False) -> Iterator[str]:
    """Yield the lines for a document, of this process or of the daemon's API. ``every``: near misses, too."""
    yield "alert   " + " ".join(f"{name}={_short(value)}" for name, value in made["labels"].items())
    yield ""
    yield from _rules(made["rules"], matches=made["matches"], every=every)
    for one in made["then"]:
        by = f" by {one['guard']}" if one["guard"] else ""
        yield f"then    {one['rule']}: {one['verdict']}{by} at {_at(one['at'])}" + (
            f": {one['reason']}" if one["reason"] else ""
        )
    for one in made["would"]:
        yield ""
        yield from _of_rule(one, made)


def _rules(rules: list[Mapping[str, Any]], *, matches: bool, every: bool) -> Iterator[str]:
    shown = 0
    near = [one for one in rules if one["near"]]
    if not matches and not near:
        near = sorted(rules, key=lambda one: len(one["missed"]))[:NEAREST]
    for one in rules:
        if one["takes"]:
            yield f"  ✓ {one['rule']} ({one['file']}) takes it"
        elif one["matches"] and every:
            yield f"  · {one['rule']} ({one['file']}) would match, but {one['taken_by']} before it takes the alert"
        elif one in near and (every or not matches or not one["taken_by"]):
            yield f"  ✗ {one['rule']} ({one['file']}): {'; '.join(_missed(miss) for miss in one['missed'])}"
        else:
            continue
        shown += 1
    if rest := len(rules) - shown:
        yield f"  {rest} more {'does' if rest == 1 else 'do'} not take it" + (
            "" if every else "; --all tells of near misses"
        )
    if not matches:
        yield "no rule matches"


def _missed(miss: Mapping[str, Any]) -> str:
    has = f'{miss["label"]} is "{_short(miss["value"])}"' if miss["value"] is not None else f"it has no {miss['label']}"
    return f"{miss['matcher']} fails: {has}"


def _of_rule(one: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[str]:  # noqa: C901 -- line by line
    yield f"{one['rule']}: {_headline(one, made['at'])}"
    if one["refused_by"]:
        return
    if not one["acts"]:
        yield "  a rule before it acts on this alert; it only observes"
    yield f"  guide   {one['guide']}: {one['summary']}"
    yield f"  target  {one['target']}" + (
        f" (locks {', '.join(one['locks'])})" if one["locks"] != [one["target"]] else ""
    )
    yield f"  mode    {one['mode']}" + (f": {one['mode_because']}" if one["mode_because"] else "")
    if one["parameters"]:
        yield "  with    " + ", ".join(f"{name}: {_short(value)}" for name, value in one["parameters"].items())
    if one["joins"]:
        yield f"  it joins run {one['joins']}, which is under way and equal"
    yield "  guards" + ("" if made["history"] else "  (no history: what happened before is not known here)")
    for said in one["guards"]:
        yield "    " + _guard(said, made["at"])
    yield "  it would"
    for step in one["diagnose"]:
        yield f"    look     {_use(step)}"
    for remedy in one["remedies"]:
        when = f", when {remedy['when']}" if remedy["when"] else ""
        yield f'    try      "{remedy["name"]}"' + (f" ({remedy['mode']})" if remedy["mode"] != "auto" else "") + when
        for step in remedy["steps"]:
            yield f"      {'do' if step['changes'] else 'look'} {_use(step)}"
    for step in one["verify"]:
        yield f"    verify   {_use(step)} ({one['verify_text']})"
    if one["escalate"]:
        yield f"    escalate {one['escalate']}, if nothing helps"


def _headline(one: Mapping[str, Any], now: int) -> str:
    verdict = one["verdict"] if one["mode"] == "auto" else _never(one)
    if one["refused_by"]:
        return f"refused ({one['refused_by']}): {one['because']}"
    if verdict is None:
        said = "would ask a person" if one["mode"] == "ask" else "would only observe"
        return f"{said}: {one['mode_because'] or 'its mode'}"
    match verdict["verdict"]:
        case "holds":
            return f"would be held by {verdict['guard']}{_until(verdict['until'], now)}: {verdict['reason']}"
        case "refuses":
            return f"would be refused by {verdict['guard']}: {verdict['reason']}"
        case "run":
            return "would run now"
        case mode:
            said = "ask a person" if mode == "ask" else "only observe"
            return f"would {said}, for {verdict['guard']}: {verdict['reason']}"


def _never(one: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what refuses a run that does not act: nobody is asked for it, or told that it would be done."""
    binds = ("policy", "envelope") if one["mode"] == "ask" else ("policy",)
    return next((said for said in one["guards"] if said["verdict"] == "refuses" and said["guard"] in binds), None)


def _guard(said: Mapping[str, Any], now: int) -> str:
    verdict = said["verdict"] if said["verdict"] not in ("ask", "observe") else f"no more than {said['verdict']}"
    line = f"{said['guard']:<20} {verdict}{_until(said['until'], now)}"
    if said["reason"] and said["verdict"] != "lets through":
        line += f": {said['reason']}"
    return line + (f" ({said['advice']})" if said["advice"] else "")


def _until(until: int | None, now: int) -> str:
    return "" if until is None else f" until {_at(until)} (in {show_duration(max(until - now, 0) / SECOND)})"


def _at(moment: int) -> str:
    return datetime.fromtimestamp(moment / SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _use(step: Mapping[str, Any]) -> str:
    arguments = ", ".join(f"{name}: {_short(value)}" for name, value in step["arguments"].items())
    return f"{step['action']} {{{arguments}}}" + (f" fails: {step['problem']}" if step["problem"] else "")


def _short(value: object) -> str:
    shown = str(value).replace("\n", "\\n")
    return shown if len(shown) <= LONGEST else shown[:LONGEST] + "…"
