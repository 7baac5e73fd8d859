"""The report of a run: a rendering of its record, and of nothing else.

``compose`` decides what is said, in the order in which somebody who was just woken reads it: what
happened and whether a person is needed, why, what to do now, then the five parts. The renderers
(``markdown``, ``slack_blocks``, ``console``) only decide how it looks.
"""

from __future__ import annotations

from msgspec import Struct

from remediator.core.records import RunView
from remediator.core.transitions import Status
from remediator.interfaces.report_advice import advice
from remediator.interfaces.report_facts import is_final, took
from remediator.interfaces.report_headline import Need, about, headline
from remediator.interfaces.report_lines import CELL, Item, Line, clean, safe_url, show_time
from remediator.interfaces.report_parts import action, reflection, result, situation, task


class Report(Struct, frozen=True):
    """All that is said about a run. Every text is data that is not yet escaped; see ``report_lines``."""

    run: str  #: the run's id
    status: Status
    final: bool
    need: Need  #: whether a person is needed
    symbol: str
    word: str  #: the status for people
    title: str  #: the first line: symbol, word, who is needed, the alert and its target
    about: str  #: the alert and its target
    reason: str
    at: str  #: when it came to stand so
    facts: tuple[Line, ...]  #: the few things worth a place at the top
    advice: tuple[Line, ...]  #: what a person can do now
    situation: tuple[Item, ...]
    task: tuple[Item, ...]
    action: tuple[Item, ...]
    result: tuple[Item, ...]
    reflection: tuple[Item, ...]
    runbook_url: str  #: checked http(s) address, or empty

    @property
    def parts(self) -> tuple[tuple[str, tuple[Item, ...]], ...]:
        """The five parts with their names, in order."""
        return (
            ("Situation", self.situation),
            ("Task", self.task),
            ("Action", self.action),
            ("Result", self.result),
            ("Reflection", self.reflection),
        )

    def on(self, topic: str) -> tuple[Item, ...]:
        """Return what belongs to one topic (``diagnosis``, ``action`` …), wherever it stands."""
        return tuple(item for _, items in self.parts for item in items if item.topic == topic)


def compose(view: RunView) -> Report:
    """Return the report of a run as it is now. Pure: the same record gives the same report."""
    first = headline(view)
    return Report(
        run=clean(view.id, 120),
        status=view.status,
        final=is_final(view),
        need=first.need,
        symbol=first.symbol,
        word=first.word,
        title=first.text,
        about=about(view),
        reason=clean(view.reason) or ("no reason was recorded" if is_final(view) else "under way"),
        at=show_time(view.finished_at if view.finished_at is not None else view.updated_at),
        facts=_facts(view),
        advice=advice(view),
        situation=situation(view),
        task=task(view),
        action=action(view),
        result=result(view),
        reflection=reflection(view),
        runbook_url=safe_url(view.plan.runbook_url),
    )


def _facts(view: RunView) -> tuple[Line, ...]:
    plan = view.plan
    facts = [
        Line(clean(plan.labels.get("alertname", ""), CELL) or "without a name", "Alert"),
        Line(clean(plan.target, CELL), "Target"),
        Line(clean(plan.labels.get("severity", ""), 60) or "not given", "Severity"),
        Line(show_time(plan.starts_at), "Firing since"),
        Line(f"{clean(plan.rule, 120)} → {clean(plan.guide, 120)}", "Rule → guide"),
        Line(view.effective_mode.value, "Mode"),
    ]
    if view.approved_by:
        names = ", ".join(dict.fromkeys(who for who, _ in view.approvals)) or view.approved_by
        facts.append(Line(clean(names, CELL), "Approved by"))
    if view.paused_by and not is_final(view):
        facts.append(Line(clean(view.paused_by, CELL), "Paused by"))
    if lasted := took(view):
        facts.append(Line(lasted, "Took"))
    return tuple(facts)
