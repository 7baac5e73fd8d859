"""What happened, in the words in which it is expected: the fields of ``expectations.RunText`` as YAML data.

A failure shows it beside what was expected, and ``--update`` writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ValidationError

from remediator.actions import registry
from remediator.core.durations import SECOND, duration_text
from remediator.core.records import Entry, Phase
from remediator.core.transitions import FINAL
from remediator.interfaces.markdown import to_markdown
from remediator.interfaces.report import compose
from remediator.rehearsal.history import Story
from remediator.rehearsal.play import Played

GRAIN = 0.01  #: seconds; instants that lie nearer are the same

#: What ``--update`` writes of a run that nobody has described yet, in this order.
ESSENTIAL = (
    "rule",
    "target",
    "at",
    "verdict",
    "guard",
    "until",
    "remedies",
    "would",
    "steps",
    "verification",
    "status",
    "reason",
)


def time_text(start: int, at: int | None) -> str | None:
    """Return an instant as the time of the test: ``5m``, to the hundredth of a second."""
    return None if at is None else duration_text(round((at - start) / SECOND / GRAIN) * GRAIN)


@dataclass(frozen=True)
class Described:
    """One run, or one refusal, in a test's words. Each property is the field of that name; None: there is none."""

    story: Story
    played: Played

    def field(self, name: str) -> Any:
        """Return what happened under the name that ``RunText`` gives it."""
        return getattr(self, name)

    def all(self) -> dict[str, Any]:
        """Return the essential of it: what there is of the fields that a test should have."""
        found = {name: self.field(name) for name in ESSENTIAL}
        found["steps"] = found["steps"] if self.story.view else None
        empty: tuple[Any, ...] = (None, [], "none")
        return {name: value for name, value in found.items() if value not in empty or (name == "steps" and value == [])}

    @property
    def rule(self) -> str:
        """The rule that took the alert."""
        return self.story.rule

    @property
    def target(self) -> str | None:
        """What it acts on."""
        return self.story.target or None

    @property
    def at(self) -> str | None:
        """When it began."""
        return time_text(self.played.start, self.story.created_at)

    @property
    def verdict(self) -> str:
        """What the guards said first."""
        return self.story.verdict

    @property
    def guard(self) -> str | None:
        """The guard that held or refused it first."""
        if self.story.verdict == "held":
            return self.story.holds[0].held_by
        return self.story.refused_by or None

    @property
    def until(self) -> str | None:
        """Until when it was held first."""
        return time_text(self.played.start, self.story.holds[0].held_until) if self.story.verdict == "held" else None

    @property
    def because(self) -> str:
        """That guard's reason."""
        return self.story.holds[0].reason if self.story.verdict == "held" else self.story.refused_because

    @property
    def holds(self) -> list[dict[str, Any]]:
        """Every time that a guard held it."""
        start = self.played.start
        found = [
            {"guard": hold.held_by, "at": time_text(start, hold.at), "until": time_text(start, hold.held_until),
             "because": hold.reason}
            for hold in self.story.holds
        ]  # fmt: skip
        return [{name: value for name, value in hold.items() if value is not None} for hold in found]

    @cached_property
    def _journal(self) -> tuple[Entry, ...]:
        """What counts of the journal, in order; what an approval set aside is left out, and what another run did."""
        view = self.story.view
        entries = view.journal if view else ()
        if view and view.plan.undoes:  # it begins with the changes that it takes back
            entries = tuple(entry for entry in entries if entry.phase is Phase.UNDO)
        return tuple(sorted((entry for entry in entries if "~" not in entry.key), key=lambda e: (e.started_at, e.key)))

    @property
    def remedies(self) -> list[str]:
        """The remedies that were tried, in order."""
        return list(dict.fromkeys(entry.remedy for entry in self._journal if entry.phase is Phase.ACT))

    def time(self, at: int | None) -> str | None:
        """Return an instant as the time of the test."""
        return time_text(self.played.start, at)

    @property
    def previews(self) -> tuple[Entry, ...]:
        """What was shown, but not done, in order."""
        acted = {entry.cycle for entry in self._journal if entry.phase is Phase.ACT}
        return tuple(e for e in self._journal if e.phase is Phase.PREVIEW and e.cycle not in acted)

    @property
    def would(self) -> list[dict[str, Any]]:
        """The changes that were shown, but not made, as words."""
        return [{entry.action: arguments_of(entry)} for entry in self.previews]

    @property
    def changes(self) -> tuple[Entry, ...]:
        """The journal's changes, in order."""
        return tuple(entry for entry in self._journal if entry.phase in (Phase.ACT, Phase.UNDO))

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The changes that were made or tried, as words."""
        return [self.change(entry) for entry in self.changes]

    def change(self, entry: Entry) -> dict[str, Any]:
        """Return a change in a test's words."""
        made: dict[str, Any] = {entry.action: arguments_of(entry)}
        if entry.phase is Phase.UNDO:
            made["undo"] = True
        if entry.outcome != "done":
            made["outcome"] = str(entry.outcome)
        return made

    @property
    def verification(self) -> str:
        """How the last verification ended."""
        verdicts = [(entry.output or {}).get("verdict") for entry in self._journal if entry.phase is Phase.VERIFY]
        return str(verdicts[-1]) if verdicts and verdicts[-1] in ("holds", "failed") else "none"

    @property
    def status(self) -> str | None:
        """How it stood at the end."""
        return str(self.story.view.status) if self.story.view else "refused"

    @property
    def reason(self) -> str:
        """Why it stood so."""
        return self.story.view.reason if self.story.view else self.story.refused_because

    @property
    def ended(self) -> str | None:
        """When it was over."""
        view = self.story.view
        return time_text(self.played.start, view.finished_at) if view and view.status in FINAL else None

    @property
    def escalated(self) -> bool:
        """Whether people were called."""
        return self.story.view is not None and self.story.view.id in self.played.escalated

    @cached_property
    def report(self) -> str:
        """Its report, as Markdown."""
        return to_markdown(compose(self.story.view)) if self.story.view else ""


def arguments_of(entry: Entry, *, every: bool = False) -> dict[str, Any]:
    """Return a step's arguments as people write them; those that have their default only with ``every``."""
    action = registry.find(entry.action)
    try:
        if action is not None:
            made: BaseModel = action.parameters.model_validate(entry.args)
            return made.model_dump(mode="json", by_alias=True, exclude_defaults=not every)
    except ValidationError:
        pass  # the arguments of a step that could not be made ready are still templates
    return dict(entry.args)


def describe(played: Played) -> tuple[Described, ...]:
    """Return all that happened in a test, in order."""
    return tuple(Described(story, played) for story in played.stories)


def as_words(document: Mapping[str, Any]) -> str:
    """Return ``http.request {path: /restart, method: PUT}``."""
    action, arguments = next(iter(document.items()))
    more = "".join(f" {name}={value}" for name, value in list(document.items())[1:])
    return f"{action} {{{', '.join(f'{name}: {value}' for name, value in (arguments or {}).items())}}}{more}"
