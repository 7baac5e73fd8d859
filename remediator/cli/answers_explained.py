"""What a daemon answers about an alert (``explain``) and about its rules (``rules stats``)."""

from __future__ import annotations

from typing import Any, TypedDict

from remediator.cli.answers import Instant


class Stats(TypedDict):
    """What came of one rule's runs (core/promotion, Evidence), and its mode."""

    rule: str
    mode: str
    runs: int
    would_run: int
    recovered_first: int
    recovered_itself: int
    asked: int
    approved: int
    refused: int
    expired: int
    acted: int
    verified: int
    unknown: int
    escalated: int
    repeats: int
    first_observed: Instant | None
    first_asked: Instant | None
    last: Instant | None


class Missed(TypedDict):
    """A matcher that an alert does not meet."""

    matcher: str
    label: str
    value: str | None


class Looked(TypedDict):
    """A rule that was looked at."""

    rule: str
    file: str
    matches: bool
    takes: bool
    near: bool
    taken_by: str
    missed: list[Missed]


class Said(TypedDict):
    """What a guard says."""

    guard: str
    verdict: str
    reason: str
    until: Instant | None
    advice: str


class Step(TypedDict):
    """A step as it would be done."""

    action: str
    arguments: dict[str, Any]
    changes: bool
    problem: str


class Remedy(TypedDict):
    """A remedy with its condition."""

    name: str
    mode: str
    when: str
    steps: list[Step]


class Would(TypedDict):
    """What one rule would do."""

    rule: str
    refused_by: str
    because: str
    guide: str
    summary: str
    target: str
    mode: str
    mode_because: str
    acts: bool
    joins: str
    verify_text: str
    escalate: str
    verdict: Said
    locks: list[str]
    parameters: dict[str, Any]
    guards: list[Said]
    diagnose: list[Step]
    verify: list[Step]
    remedies: list[Remedy]


class Then(TypedDict):
    """What was decided when the alert came."""

    rule: str
    verdict: str
    guard: str
    reason: str
    at: Instant


class Explained(TypedDict):
    """What would come of an alert."""

    labels: dict[str, str]
    at: Instant
    history: bool
    matches: bool
    rules: list[Looked]
    would: list[Would]
    then: list[Then]
