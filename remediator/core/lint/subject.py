"""What a check looks at, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from msgspec import Struct

from remediator.core.action import Action
from remediator.core.guards import Envelope
from remediator.core.matchers import Matcher
from remediator.core.rules import Guide, Rule
from remediator.core.transitions import Mode

Path = tuple[str | int, ...]
"""The way into a file: ``("rules", 0, "match", 1)``."""
Find = Callable[[str], Action[Any, Any] | None]


class RuleAt(Struct, frozen=True):
    """A rule and where it stands."""

    rule: Rule
    file: str
    path: Path
    pack: str = ""
    matchers: tuple[tuple[Path, Matcher], ...] = ()  #: each with the place of the text that it stands in


class GuideAt(Struct, frozen=True):
    """A guide and where it stands."""

    guide: Guide
    file: str
    path: Path


class Site(Struct, frozen=True):
    """The daemon's configuration, as far as checks ask for it."""

    max_mode: Mode
    envelope: Envelope
    users: frozenset[str] | None = None  #: who can log in to approve; None: not known


@dataclass(frozen=True)
class Subject:
    """All rule files together. ``rules`` in the order in which they are tried."""

    rules: tuple[RuleAt, ...]
    guides: tuple[GuideAt, ...]
    find: Find
    site: Site | None = None  #: None: no configuration was given
    shared: bool = False  #: treat every file as a shared pack

    @cached_property
    def by_guide(self) -> dict[str, list[RuleAt]]:
        """The rules that use a guide, by the guide's name."""
        found: dict[str, list[RuleAt]] = {}
        for each in self.rules:
            found.setdefault(each.rule.guide.name, []).append(each)
        return found


class Finding(Struct, frozen=True):
    """What one check found at one place."""

    file: str
    path: Path
    message: str
    hint: str = ""
    on_key: bool = False  #: point at the key, not at its value


class Check(Struct, frozen=True):
    """One check. All it says must be worth a reader's time: what is sound is never told."""

    name: str  #: stable; comments and ``--lint`` name it
    summary: str  #: what it finds, in a line
    why: str  #: why that is bad, and what to do instead
    run: Callable[[Subject], Iterator[Finding]]
