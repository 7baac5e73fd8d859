"""A rule's limits as its runs carry them: frozen with the plan. Durations in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct

from remediator.core.matchers import Matcher, parse_matchers


class Throttle(Struct, frozen=True):
    """At most ``max`` in a window of ``per`` seconds."""

    max: int
    per: float


class Storm(Struct, frozen=True):
    """More than ``max`` new episodes within ``per`` are a storm; it is over after ``calm`` without."""

    max: int
    per: float
    calm: float = 300.0
    resume: str = "auto"  #: ``auto`` after the calm, ``manual`` by a person


class Repeats(Struct, frozen=True):
    """A target that needed the same remedy more than ``max`` times within ``per`` has a cause to be fixed."""

    max: int
    per: float
    then: str = "tell"  #: ``tell`` people, or ``stop``: a person decides each further time


class Inhibition(Struct, frozen=True):
    """Not while another alert fires: Alertmanager's inhibit rule, seen from its target."""

    source: tuple[str, ...]  #: matchers that the other alert meets
    equal: tuple[str, ...] = ()  #: labels that both have with the same value; an absent one counts as empty


class Flapping(Struct, frozen=True):
    """A fingerprint with more than ``max`` episodes within ``per`` is one trouble until it is quiet for ``quiet``."""

    max: int
    per: float
    quiet: float


class Share(Struct, frozen=True):
    """At most this part of what a diagnosis counted, within ``per``."""

    percent: float
    of: str  #: an expression on the diagnosis' outputs: ``steps.nodes.total``
    per: float

    def allowed(self, count: float) -> int:
        """Return how many targets that is: rounded down, but one at least."""
        return max(1, int(count * self.percent / 100))


class Rung(Struct, frozen=True):
    """Who is told when nobody has acknowledged for so many seconds."""

    after: float
    tell: str


class RuleLimits(Struct, frozen=True):
    """What only some rules have."""

    budget: Throttle | None = None
    share: Share | None = None
    storm: Storm | None = None
    repeats: Repeats | None = None
    inhibited_by: tuple[Inhibition, ...] = ()
    active: tuple[str, ...] = ()  #: names of time intervals in which it may act; none: always
    mute: tuple[str, ...] = ()  #: names of time intervals in which it may not
    loop_guard: float | None = None  #: None: the daemon's


@lru_cache(maxsize=1024)
def _matchers(source: tuple[str, ...]) -> tuple[Matcher, ...]:
    return tuple(matcher for text in source for matcher in parse_matchers(text).matchers)


def sources(inhibition: Inhibition) -> tuple[Matcher, ...]:
    """Return the matchers that the cause meets."""
    return _matchers(inhibition.source)


def meets(inhibition: Inhibition, labels: Mapping[str, str]) -> bool:
    """Whether an alert with these labels is such a cause itself."""
    return all(matcher.matches(labels) for matcher in sources(inhibition))


def inhibits(inhibition: Inhibition, source: Mapping[str, str], target: Mapping[str, str]) -> bool:
    """Whether an alert with the labels ``source`` inhibits one with the labels ``target``.

    As Alertmanager has it: the source meets all matchers, and every ``equal`` label has the same value in both
    (absent and empty are the same). An alert that meets the source's matchers itself is not inhibited by its like.
    """
    if any(source.get(name, "") != target.get(name, "") for name in inhibition.equal):
        return False
    return meets(inhibition, source) and not meets(inhibition, target)
