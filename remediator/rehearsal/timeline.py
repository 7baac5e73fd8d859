"""What people and the site do while a test goes on, beside its alerts. Frozen; unknown keys are refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from remediator.core.durations import Duration
from remediator.core.guide import InhibitText, LimitsText, Name, Written
from remediator.core.rules import Rule, RuleTable, limits_of
from remediator.core.transitions import Mode
from remediator.core.undo_part import UndoPart

_SCOPE = "^(global|rule:.+|namespace:[^/]+/[^/]+|cluster:[^/]+|target:.+)$"
Who = Annotated[str, Field(min_length=1, max_length=200)]


class ApprovalText(Written):
    """What a person says to runs that wait for an approval then."""

    at: Duration = Field(description="When.")
    do: Literal["approve", "refuse"] = Field("approve", description="What is said.")
    by: Who = Field("somebody", description="Who says it.")
    reason: str = Field("", max_length=1000, description="Why.")
    rule: str | None = Field(None, description="Only to runs of this rule.")
    target: str | None = Field(None, description="Only to runs on this target.")


class PauseText(Written):
    """The kill switch, or a maintenance."""

    at: Duration = Field(0.0, description="When.")
    scope: str = Field(
        "global",
        pattern=_SCOPE,
        description="global, rule:NAME, namespace:CONNECTION/NAMESPACE, cluster:CONNECTION, or target:PATTERN.",
    )
    kind: Literal["pause", "maintenance"] = Field("pause", description="A maintenance has an end: for says when.")
    by: Who = Field("somebody", description="Who pauses.")
    reason: str = Field("", max_length=1000, description="Why.")
    for_: Duration | None = Field(None, alias="for", gt=0, description="How long. Default: to the end of the test.")

    @model_validator(mode="after")
    def _maintenance_ends(self) -> PauseText:
        if self.kind == "maintenance" and self.for_ is None:
            raise ValueError("a maintenance has an end: say with for how long it lasts")
        return self


class UndoText(Written):
    """Somebody has a run taken back: ``remediator runs undo``."""

    at: Duration = Field(description="When.")
    by: Who = Field("somebody", description="Who asks for it.")
    reason: str = Field("", max_length=1000, description="Why.")
    rule: str | None = Field(None, description="The newest run of this rule that is over. Default: of any.")
    target: str | None = Field(None, description="... on this target.")
    remedy: str = Field("", description="Only from this remedy on; so with stage and step. Default: everything.")
    stage: str = Field("", description="Only from this stage on.")
    step: str = Field("", description="Only from this step on.")
    last: int = Field(0, ge=0, description="Only so many changes, the last ones.")

    @model_validator(mode="after")
    def _one_part(self) -> UndoText:
        if sum(map(bool, (self.remedy, self.stage, self.step, self.last))) > 1:
            raise ValueError("give one of remedy, stage, step and last")
        return self

    @property
    def part(self) -> UndoPart:
        """What is taken back."""
        return UndoPart(self.step, self.stage, self.remedy, self.last)


class EditText(Written):
    """What is edited in a rule. Of limits, those that are not mentioned stay."""

    mode: Mode | None = Field(None, description="observe, ask or auto.")
    for_: Duration | None = Field(None, alias="for", description="As in a rule.")
    max_age: Duration | None = Field(None, description="As in a rule.")
    limits: LimitsText | None = Field(None, description="As in a rule.")
    inhibited_by: tuple[InhibitText, ...] | None = Field(None, description="As in a rule.")
    active_time_intervals: tuple[Name, ...] | None = Field(None, description="As in a rule.")
    mute_time_intervals: tuple[Name, ...] | None = Field(None, description="As in a rule.")
    approval_timeout: Duration | None = Field(None, gt=0, description="As in a rule.")

    def of(self, rule: Rule) -> Rule:
        """Return the rule as it is after the edit."""
        given = {name: value for name in self.model_fields_set if (value := getattr(self, name)) is not None}
        if self.limits is not None:
            changed = {name: getattr(self.limits, name) for name in self.limits.model_fields_set}
            given["limits"] = rule.text.limits.model_copy(update=changed)
        text = rule.text.model_copy(update=given)
        return Rule(rule.name, text, rule.matchers, rule.guide, rule.file, limits_of(text))


class ReloadText(Written):
    """Rules are edited and read again. Runs that have begun keep their plan; what is stricter binds them at once."""

    at: Duration = Field(description="When.")
    rule_files: tuple[str, ...] = Field(
        (), description="Rule files from then on, relative to this one. Default: those that were read before."
    )
    edit: dict[str, EditText] = Field({}, description="What is edited, by the rule's name.")
    remove: tuple[str, ...] = Field((), description="Names of rules that are taken out.")
    max_mode: Mode | None = Field(None, description="The daemon's max_mode from then on, as after a restart.")

    @model_validator(mode="after")
    def _changes_something(self) -> ReloadText:
        if not (self.rule_files or self.edit or self.remove or self.max_mode):
            raise ValueError("a reload has one of: rule_files, edit, remove, max_mode")
        return self

    def of(self, table: RuleTable) -> RuleTable:
        """Return the table as it is after the edit."""
        rules = (rule for rule in table.rules if rule.name not in self.remove)
        edited = tuple(self.edit[rule.name].of(rule) if rule.name in self.edit else rule for rule in rules)
        return RuleTable.of(edited, f"{table.revision}+", table.intervals)
