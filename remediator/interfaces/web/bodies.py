"""Bodies of the operator's API: what a person wishes. Unknown keys are refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from remediator.core.durations import Duration
from remediator.core.undo_part import UndoPart

Said = Annotated[str, Field(min_length=1, max_length=1000)]


class Body(BaseModel):
    """Base of request bodies."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Reason(Body):
    """Who says so, and why. ``who`` counts only where nobody had to log in."""

    reason: Said
    who: str = Field("", max_length=200)
    shown: str = Field("", max_length=64, description="Digest of what was looked at; refused if it is another now.")


class Cancel(Reason):
    """Whether what the run has changed by then goes back."""

    undo: bool = False


class UndoWish(Reason):
    """Which part is to be taken back: at most one of these; none: all of it."""

    step: str = Field("", alias="from", max_length=200)
    stage: str = Field("", max_length=200)
    remedy: str = Field("", max_length=200)
    last: int = Field(0, ge=0, le=1000)

    @model_validator(mode="after")
    def _one_part(self) -> UndoWish:
        if sum(map(bool, (self.step, self.stage, self.remedy, self.last))) > 1:
            raise ValueError("give one of: from, stage, remedy, last")
        return self

    @property
    def part(self) -> UndoPart:
        """The part."""
        return UndoPart(self.step, self.stage, self.remedy, self.last)


class Settlement(Reason):
    """What became of an unknown run."""

    happened: bool


class PauseWish(Reason):
    """What to pause; ``duration`` absent: until resumed. A maintenance must have one."""

    scope: str = Field("global", max_length=300)
    duration: Duration | None = None
    kind: Literal["pause", "maintenance"] = "pause"


class Named(Body):
    """A scope or a key."""

    name: str = Field(max_length=1000)
    who: str = Field("", max_length=200)


class LevelWish(Body):
    """A log level."""

    level: str = Field(pattern="^(debug|info|warning|error)$")
    who: str = Field("", max_length=200)


WISHES: dict[str, type[Reason]] = {"settle": Settlement, "cancel": Cancel, "undo": UndoWish}
"""What a verb takes; all others take a ``Reason``."""
