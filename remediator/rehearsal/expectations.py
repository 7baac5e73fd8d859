"""What a test expects, as people write it. Frozen; unknown keys are refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from remediator.core.durations import Duration
from remediator.core.guide import Written
from remediator.core.transitions import Status


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_list, json_schema_input_type=str | tuple[str, ...])]
"""A text, or a list of texts."""


class ChangeText(BaseModel):
    """A change that is expected: ``{http.request: {path: /restart}}``. The one other key names the action."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    at: Duration | None = Field(None, description="When it begins.")
    outcome: Literal["done", "failed", "unknown"] | None = Field(None, description="How it comes out.")
    undo: bool = Field(False, description="Whether it is taken back, rather than done.")

    @model_validator(mode="after")
    def _one_action(self) -> ChangeText:
        extra = self.model_extra or {}
        if len(extra) != 1:
            named = ", ".join(extra) or "none"
            raise ValueError(f"a change names exactly one action, such as http.request; this one names {named}")
        args = next(iter(extra.values()))
        if args is not None and not isinstance(args, dict):
            raise ValueError("an action's arguments are a mapping, such as {path: /restart}")
        return self

    @property
    def action(self) -> str:
        """The action's name."""
        return next(iter(self.model_extra or {}), "")

    @property
    def args(self) -> dict[str, Any]:
        """The arguments that it must have; others are looked at under ``exact`` only."""
        return next(iter((self.model_extra or {}).values()), None) or {}


class HoldText(Written):
    """One time that a guard holds a run."""

    guard: str | None = Field(None, description="The guard, such as cooldown, throttle, lock or pause.")
    at: Duration | None = Field(None, description="Since when.")
    until: Duration | None = Field(None, description="When it opens by itself.")
    because: Texts = Field((), description="Contained in its reason.")


class RunText(Written):
    """What is expected of one run. What is not mentioned is not looked at."""

    rule: str | None = Field(None, description="The rule that takes the alert.")
    target: str | None = Field(None, description="What it acts on.")
    at: Duration | None = Field(None, description="When it begins.")
    verdict: Literal["run", "held", "refused"] | None = Field(None, description="What the guards say at first.")
    guard: str | None = Field(None, description="The guard that holds or refuses it at first.")
    until: Duration | None = Field(None, description="Until when it is held at first.")
    because: Texts = Field((), description="Contained in that guard's reason.")
    holds: tuple[HoldText, ...] | None = Field(None, description="Every time that it is held, in order.")
    remedies: tuple[str, ...] | None = Field(None, description="The remedies that are tried, in order.")
    would: tuple[ChangeText, ...] | None = Field(None, description="The changes that it shows, but must not make yet.")
    steps: tuple[ChangeText, ...] | None = Field(None, description="All changes that it makes, in order. []: none.")
    verification: Literal["holds", "failed", "none"] | None = Field(
        None, description="How the last verification ends; none: nothing was verified."
    )
    status: Status | None = Field(None, description="How it stands at the end.")
    reason: Texts = Field((), description="Contained in why it stands so.")
    ended: Duration | None = Field(None, description="When it is over.")
    escalated: bool | None = Field(None, description="Whether people are called.")
    report: Texts = Field((), description="Contained in its report, as Markdown.")


class ExpectText(Written):
    """What is expected to happen."""

    nothing: bool = Field(False, description="No rule takes any of the alerts.")
    exact: bool = Field(
        False, description="No other runs than these, and no other arguments than those of their steps."
    )
    runs: tuple[RunText, ...] = Field((), description="Runs, in the order in which they begin. []: none.")

    @model_validator(mode="after")
    def _nothing_is_alone(self) -> ExpectText:
        if self.nothing and self.runs:
            raise ValueError("where nothing is expected, no runs can be")
        return self

    @property
    def says_no_runs(self) -> bool:
        """Whether it is written that there are none, rather than nothing yet."""
        return not self.runs and "runs" in self.model_fields_set
