"""The five parts of a report (STARR): situation, task, action, result, reflection."""

from __future__ import annotations

from collections.abc import Sequence

from remediator.core.durations import SECOND, show_duration
from remediator.core.records import Entry, Phase, RunView
from remediator.core.transitions import Mode, Status
from remediator.interfaces.report_facts import (
    changes,
    condition,
    doubtful,
    entries,
    half_done,
    is_final,
    judged,
    ruled_out,
    took,
)
from remediator.interfaces.report_lines import (
    CELL,
    ROWS,
    TEXT,
    Item,
    Kind,
    Line,
    clean,
    safe_url,
    show_time,
    show_values,
    table,
)
from remediator.interfaces.report_steps import check, finding, holds, is_superseded, look, silenced, step_name, work
from remediator.interfaces.report_undo import undo_lines

_MARKS = "-*+•> \t"  #: what a list in the guide's notes begins its lines with; ours are added again
_PEOPLE_LEARN = frozenset({Status.ESCALATED, Status.FAILED, Status.UNKNOWN, Status.UNDONE})


def situation(view: RunView) -> tuple[Item, ...]:
    """Return what was wrong, and what was found."""
    plan = view.plan
    severity = clean(plan.labels.get("severity", ""), 60)
    name = clean(plan.labels.get("alertname", ""), CELL) or "without a name"
    before = show_duration(max(0, view.created_at - plan.starts_at) / SECOND)
    resolved = f"; resolved {show_time(view.resolved_at)}" if view.resolved_at is not None else ""
    said = next(
        (plan.annotations[key] for key in ("summary", "description", "message") if plan.annotations.get(key)), ""
    )
    rest = {key: value for key, value in plan.labels.items() if key not in ("alertname", "severity")}
    items: list[Item] = [
        Line(f"{name} (severity {severity})" if severity else name, "Alert"),
        Line(clean(plan.target, CELL), "Target"),
        Line(f"{show_time(plan.starts_at)}, {before} before this run{resolved}", "Firing since"),
    ]
    if said:
        items.append(Line(clean(said), "Says"))
    if rest:
        items.append(Line(show_values(rest, TEXT, named=True), "Labels", Kind.CODE))
    if len(view.episodes) > 1:
        items.append(Line(f"{len(view.episodes)} alerts share this run", "Alerts"))
    for entry in entries(view, Phase.CONFIRM):
        state = clean((entry.output or {}).get("state", ""), 60) or f"unknown ({clean(entry.error, CELL)})"
        if by := clean((entry.output or {}).get("by", ""), 80):
            state += f" by {by}"
        items.append(Line(f"{state} at {show_time(entry.finished_at or entry.started_at)}", "Alertmanager says"))
    digests = [clean((entry.output or {}).get("digest", "")) for entry in entries(view, Phase.STORM)]
    items += [Line(digest, "Storm", topic="storm") for digest in digests]
    looks = entries(view, Phase.DIAGNOSE)
    earlier = [entry for entry in looks if is_superseded(entry)]
    now = [entry for entry in looks if not is_superseded(entry)]
    if not now:  # it is about to look again
        return (*items, *_evidence(view, "Evidence", earlier))
    return (*items, *_evidence(view, "Evidence", now), *_evidence(view, "What an earlier look found", earlier))


def _evidence(view: RunView, title: str, looks: Sequence[Entry]) -> tuple[Item, ...]:
    """Return what was found, in the guide's order; where there are checks, beside each whether it holds."""
    order = {step.id: number for number, step in enumerate(view.plan.diagnose)}
    looks = sorted(looks, key=lambda entry: (entry.started_at, order.get(entry.step, len(order))))
    named = [(step_name(entry) + look(entry), entry) for entry in looks]
    if not any(isinstance((entry.output or {}).get("holds"), bool) for entry in looks):
        return table(title, ("Step", "Finding"), ((name, finding(one)) for name, one in named), "diagnosis", (0,))
    rows = ((name, holds(one), finding(one)) for name, one in named)
    return table(title, ("Step", "Holds", "Finding"), rows, "diagnosis", (0,))


def task(view: RunView) -> tuple[Item, ...]:
    """Return what was to be done: rule, guide, mode, goal; which remedy, and which were passed over."""
    plan = view.plan
    items: list[Item] = [
        Line(f"{clean(plan.rule, CELL)} → guide {clean(plan.guide, CELL)}: {clean(plan.summary, CELL)}", "Rule"),
        Line(_mode(view), "Mode"),
        *_goal(view),
    ]
    if plan.params:
        items.append(Line(show_values(plan.params, TEXT, named=True), "Parameters", Kind.CODE))
    remedies = {remedy.name: remedy for remedy in plan.remedies}
    for cycle, name in dict.fromkeys((e.cycle, e.remedy) for e in entries(view, Phase.PREVIEW, Phase.ACT) if e.remedy):
        items.append(Line(clean(name, CELL), "Chosen", topic="diagnosis"))
        if (remedy := remedies.get(name)) and remedy.when:
            items.append(Line(clean(remedy.when, CELL), "Its condition", Kind.CODE, "diagnosis"))
            items.append(Line(clean(judged(view, remedy, cycle).reason, CELL), "It saw", topic="diagnosis"))
    rows = ((out.name, out.condition, out.why) for out in ruled_out(view))
    return (*items, *table("Ruled out", ("Remedy", "Condition", "Why not"), rows, "diagnosis", (1,)))


def action(view: RunView) -> tuple[Item, ...]:
    """Return who allowed what, what would be done, what was done, and what was taken back."""
    items: list[Item] = []
    said = view.approvals or (((view.approved_by, view.approval_reason),) if view.approved_by else ())
    for who, why in said[-ROWS:]:
        because = clean(why, CELL) or "no reason given"
        items.append(Line(f"{clean(who, CELL)}: {because}", "Approved by", topic="approval"))
    if view.paused_by and not is_final(view):
        items.append(
            Line(f"{clean(view.paused_by, CELL)}, since {show_time(view.paused_at)}", "Paused by", topic="action")
        )
    items += [Line(silenced(entry), "Alert silenced", topic="action") for entry in entries(view, Phase.SILENCE)]
    acts = entries(view, Phase.ACT)
    begun = {(entry.cycle, entry.remedy) for entry in acts}
    shown = [entry for entry in entries(view, Phase.PREVIEW) if (entry.cycle, entry.remedy) not in begun]
    items += work(view.plan, "Would do", shown, "approval")
    items += work(view.plan, "Did", acts, "action")
    items += work(view.plan, "Took back", entries(view, Phase.UNDO), "action")
    if not changes(view) and not doubtful(view) and not half_done(view):
        items.append(Line("Nothing was changed." if is_final(view) else "Nothing was changed so far.", topic="action"))
    return tuple(items)


def result(view: RunView) -> tuple[Item, ...]:
    """Return how it stands and why, what the verification saw, and what can be taken back."""
    nothing = "no reason was recorded" if is_final(view) else "under way"
    items: list[Item] = [Line(clean(view.reason) or nothing, "Outcome", topic="result")]
    if view.status is Status.HELD or (view.status is Status.ACTING and view.held_by):
        until = show_time(view.held_until) if view.held_until is not None else "it opens"
        items.append(Line(f"{clean(view.held_by, CELL) or 'a guard'}, until {until}", "Held by", topic="result"))
    remedies = {entry.cycle: entry.remedy for entry in entries(view, Phase.ACT)}
    rows = [
        ("earlier" if is_superseded(entry) else "before", *check(view, entry))
        for entry in entries(view, Phase.BASELINE)
    ]
    rows += [(f'after "{clean(remedies.get(e.cycle, ""), 80)}"', *check(view, e)) for e in entries(view, Phase.VERIFY)]
    items += table("Verification", ("When", "Condition", "Holds", "Seen"), rows, "verification", (1,))
    if lasted := took(view):
        finished = f"finished {show_time(view.finished_at)}, {lasted} after it began"
        since = show_duration(max(0, (view.finished_at or 0) - view.plan.starts_at) / SECOND)
        items.append(Line(f"{finished}, {since} after the alert did", "Time", topic="result"))
    if view.acknowledged_by:
        items.append(Line(clean(view.acknowledged_by, CELL), "Taken over by", topic="result"))
    for name, due_at in view.rungs[:ROWS]:
        items.append(
            Line(f"{clean(name, 60)} at {show_time(due_at)}, unless somebody acknowledges", "Told next", topic="result")
        )
    return (*items, *undo_lines(view))


def reflection(view: RunView) -> tuple[Item, ...]:
    """Return what is for later: the guide's notes, the runbook, what is owed after an escalation."""
    items: list[Item] = []
    items += [Line(clean(note), topic="result") for note in _notes(view.plan.notes[: TEXT * ROWS])[:ROWS]]
    if url := safe_url(view.plan.runbook_url):
        items.append(Line(url, "Runbook", Kind.LINK, "result"))
    elif view.plan.runbook_url:
        items.append(Line(clean(view.plan.runbook_url, CELL), "Runbook", Kind.CODE, "result"))
    if view.status in _PEOPLE_LEARN:
        guide = clean(view.plan.guide, CELL)
        due = f"a post-mortem is due ({clean(view.plan.escalate, 40)}); " if view.plan.escalate else ""
        items.append(Line(f"{due}add to the guide {guide} what would have helped", "Afterwards", topic="result"))
    return tuple(items)


def _notes(text: str) -> list[str]:
    """Return a guide's notes: wrapped lines joined, a note for each list item, paragraph, or line after a full stop."""
    notes: list[str] = []
    begins = True
    for line in text.splitlines():
        words = line.strip(_MARKS)
        if not words:
            begins = True
            continue
        if begins or line.lstrip()[0] in _MARKS:
            notes.append(words)
        else:
            notes[-1] += f" {words}"
        begins = words.endswith(".")
    return notes


def _mode(view: RunView) -> str:
    meanings = {
        Mode.OBSERVE: "observe: look, change nothing",
        Mode.ASK: "ask: change nothing without an approval",
        Mode.AUTO: "auto: act within the guards",
    }
    asked = view.plan.mode
    why = clean(view.mode_reason, CELL) or "something stricter binds"
    capped = f" (the rule asks for {asked}, {why})" if asked is not view.effective_mode else ""
    return meanings[view.effective_mode] + capped


def _goal(view: RunView) -> list[Line]:
    verify = view.plan.verify
    if not view.plan.remedies:
        return [
            Line("to gather what people need to know" + ("; they are called" if view.plan.call_people else ""), "Goal")
        ]
    if verify is None:
        return [Line("the guide has no verification, so nobody can know whether it helped", "Goal")]
    hold = f", holding {show_duration(verify.hold)}" if verify.hold else ""
    label, between = f"Goal (within {show_duration(verify.within)}{hold})", "and" if verify.every else "or"
    shown = verify.conditions[:ROWS]
    return [Line(condition(view, step), between if place else label, Kind.CODE) for place, step in enumerate(shown)]
