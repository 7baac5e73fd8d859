"""What an SRE writes: rule files as documents. All models are frozen and refuse unknown keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from remediator.core.durations import Duration
from remediator.core.file_names import checked_name
from remediator.core.intervals import TimeInterval
from remediator.core.transitions import Mode

Name = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[A-Za-z0-9][A-Za-z0-9 _./-]*$")]
PackName = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
IncludedFile = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(checked_name)]
StageName = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9 _-]*$")]
StepId = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Written(BaseModel):
    """Base of what people write: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)  # built with what it stands in


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class ParameterText(Written):
    """A guide's parameter: what a rule must or may hand it under ``with``."""

    type: Literal["string", "integer", "number", "boolean", "duration"] = Field(
        "string", description="What a value is made into; one that cannot become it is refused, never guessed."
    )
    default: Any = Field(None, description="Taken when the rule gives none; without it the parameter is required.")
    one_of: tuple[Any, ...] = Field((), description="The only values allowed.")
    pattern: str | None = Field(None, description="RE2, anchored, that a string must match.")
    min: float | None = Field(None, description="The least that a number may be.")
    max: float | None = Field(None, description="The most that a number may be.")
    description: str = Field("", description="For people who write rules: what it means, its unit.")


class StepText(BaseModel):
    """One use of an action: ``{id: pool, http.probe: {...}}``. The one other key names the action."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    id: StepId | None = Field(None, description="Names its outputs: steps.<id>.<field>. Default: its position.")
    timeout: Duration = Field(30.0, description="Limit of one attempt.")
    attempts: int = Field(3, ge=1, le=10, description="Tries on temporary errors, where repeating is safe.")
    stage: StageName | None = Field(
        None,
        description="In a remedy: begins a part of an ordered recovery, such as isolate or scale up. The steps after "
        "it belong to it, until one names another. A run can be taken back to where a stage began.",
    )

    @model_validator(mode="after")
    def _one_action(self) -> StepText:
        extra = self.model_extra or {}
        if len(extra) != 1:
            raise ValueError(
                f"a step names exactly one action, such as http.probe; this one names {', '.join(extra) or 'none'}"
            )
        args = next(iter(extra.values()))
        if args is not None and not isinstance(args, dict):
            raise ValueError("an action's arguments are a mapping, such as {url: ...}")
        return self

    @property
    def action(self) -> str:
        """The action's name."""
        return next(iter(self.model_extra or {}), "")

    @property
    def args(self) -> Mapping[str, Any]:
        """The arguments as written."""
        return next(iter((self.model_extra or {}).values()), None) or {}


class RemedyText(Written):
    """Named steps, tried when the condition holds."""

    name: Name = Field(description="For people and reports; unique in the guide.")
    when: str | None = Field(
        None, description="A condition on labels, params and steps.<id>.<field>. Default: it always holds."
    )
    mode: Mode = Field(Mode.AUTO, description="May be stricter than the rule's.")
    for_: Duration = Field(
        0.0, alias="for", description="Taken back by itself after so long, such as a debug level. Default: it stays."
    )
    steps: tuple[StepText, ...] = Field(
        min_length=1, description="Done one after the other; the first that fails ends the remedy."
    )


class VerifyText(Written):
    """How one knows that it helped. Only samples taken after the change count."""

    within: Duration = Field(300.0, description="Time for it to begin to hold.")
    interval: Duration = Field(15.0, description="Between two samples; 0.1s or more.")
    hold: Duration = Field(0.0, description="How long it must go on holding.")
    all: tuple[StepText, ...] = Field((), description="Conditions that must hold together: steps that only check.")
    any: tuple[StepText, ...] = Field((), description="Instead of all: conditions of which one must hold.")

    @model_validator(mode="after")
    def _one_list(self) -> VerifyText:
        if bool(self.all) == bool(self.any):
            raise ValueError("verify takes conditions under one of: all, any")
        if self.interval < 0.1:  # noqa: PLR2004 -- said in the field's description
            raise ValueError("interval must be 0.1s or more")
        return self


class GuideText(Written):
    """A troubleshooting guide's machine-readable entry."""

    summary: str = Field(min_length=1, max_length=300, description="What is wrong, in a line; heads every report.")
    parameters: dict[StepId, ParameterText] = Field({}, description="What a rule hands over, by name.")
    target: str = Field(min_length=1, description="What it acts on: system/connection/..., the unit of locking.")
    diagnose: tuple[StepText, ...] = Field(
        (), description="Steps that only read, side by side where none asks for another's outputs."
    )
    remedies: tuple[RemedyText, ...] = Field(
        (), description="The first whose condition holds is tried; if it does not help, one more. None: only evidence."
    )
    verify: VerifyText | None = Field(
        None, description="How one knows that it helped. Without it a run ends unverified, never succeeded."
    )
    undo: Literal["manual", "on_failure", "never"] = Field(
        "manual",
        description="Whether a remedy that did not help is taken back: manual leaves that to people, on_failure does "
        "it where the action can do so safely, never says that nobody should.",
    )
    escalate: str | None = Field(None, description="Severity for people when no remedy helped, such as sev-2.")
    call_people: bool = Field(
        False,
        description="Of a guide without remedies: people are called as soon as it has looked, and then those on the "
        "ladder that escalate names, until somebody acknowledges or the alert resolves.",
    )
    timeout: Duration = Field(3600.0, description="For the whole run, waiting for people not counted.")
    notes: str = Field("", description="For people: the long-term fix, prevention.")

    @model_validator(mode="after")
    def _calls_or_acts(self) -> GuideText:
        if self.call_people and (self.remedies or not self.escalate):
            raise ValueError("call_people goes with escalate, and without remedies")
        return self


class ThrottleText(Written):
    """At most ``max`` runs in a window of ``per``."""

    max: int = Field(ge=1, le=1_000_000, description="How many runs are let through.")
    per: Duration = Field(gt=0, description="In which time; a window that moves along.")


class StormText(ThrottleText):
    """More than ``max`` new alerts of a rule within ``per`` are a storm: the rule holds."""

    calm: Duration = Field(300.0, gt=0, description="How long without so many until it is over.")
    resume: Literal["auto", "manual"] = Field("auto", description="auto: after the calm; manual: by a person.")


class RepeatsText(ThrottleText):
    """A target that needed the same remedy ``max`` times within ``per`` has a cause that should be fixed."""

    then: Literal["tell", "stop"] = Field("tell", description="tell: the report says so; stop: a person decides.")


class ShareText(Written):
    """At most a part of what a diagnosis step counted: pods, replicas, nodes."""

    percent: float = Field(gt=0, le=100, description="Of the count; rounded down, but one target at least.")
    of: str = Field(min_length=1, description="The count, as an expression: steps.nodes.total.")
    per: Duration = Field(gt=0, description="In which time.")


class InhibitText(Written):
    """While an alert fires that meets the matchers, with equal labels, this rule holds."""

    source_matchers: tuple[str, ...] = Field(min_length=1, description="Alertmanager's matchers of the other alert.")
    equal: tuple[str, ...] = Field((), description="Labels that both alerts have with the same value.")


class NamedIntervals(Written):
    """Time intervals under a name, as Alertmanager's ``time_intervals`` has them."""

    name: Name = Field(description="What active_time_intervals and mute_time_intervals name.")
    time_intervals: tuple[TimeInterval, ...] = Field(min_length=1, description="It is the time when one of them holds.")


class LimitsText(Written):
    """A rule's own limits, beside the daemon's."""

    cooldown: Duration = Field(0.0, description="None within this after the last change of the target.")
    throttle: ThrottleText | None = Field(None, description="At most so many runs of this rule. Default: no limit.")
    budget: ThrottleText | None = Field(
        None, description="At most so many different targets changed by this rule. Default: no limit."
    )
    share: ShareText | None = Field(
        None, description="At most this part of what a diagnosis counted, changed by this rule. Default: no limit."
    )
    storm: StormText | None = Field(None, description="More new alerts than this: the rule holds. Default: none.")
    repeats: RepeatsText | None = Field(
        None, description="A target that needs it more often has a cause to be fixed. Default: not counted."
    )
    loop_guard: Duration | None = Field(
        None, description="An alert that began so soon after our own change is asked about. Default: the daemon's."
    )


class RuleText(Written):
    """Which alerts, which guide, how far it may go."""

    name: Name = Field(description="Unique among all rule files; pauses, breakers and reports name it.")
    match: Annotated[tuple[str, ...], BeforeValidator(_as_list, json_schema_input_type=str | tuple[str, ...])] = Field(
        min_length=1, description="Alertmanager's matchers; all must hold."
    )
    guide: Name = Field(description="The guide's name; it may stand in another file, or in another pack: PACK/NAME.")
    with_: dict[str, Any] = Field({}, alias="with", description="The guide's parameters; values may be templates.")
    mode: Mode = Field(Mode.OBSERVE, description="observe, ask or auto; the daemon's max_mode caps it.")
    for_: Duration = Field(0.0, alias="for", description="The alert must have been firing at least this long.")
    max_age: Duration = Field(0.0, description="Alerts that began longer ago are refused; 0: no limit.")
    limits: LimitsText = Field(LimitsText(), description="The rule's own limits, beside the daemon's.")
    inhibited_by: tuple[InhibitText, ...] = Field(
        (), description="Other alerts that may be the cause of this one: while one fires, the rule holds."
    )
    active_time_intervals: tuple[Name, ...] = Field((), description="When it may act. Default: always.")
    mute_time_intervals: tuple[Name, ...] = Field((), description="When it may not act.")
    silence: Literal["never", "while_working"] = Field(
        "never",
        description="while_working: the alert is silenced at connections.alertmanager.default from before the first "
        "change until the run ends; never for severities that this connection keeps loud.",
    )
    approval_timeout: Duration = Field(3600.0, gt=0, description="How long an approval may be waited for.")
    continue_: bool = Field(False, alias="continue", description="Look at the rules after this one too; they observe.")
    runbook_url: str = Field("", description="For people, in reports. Default: the alert's annotation of that name.")


class DefaultsText(Written):
    """What the rules of one file have in common. A rule's own word counts more."""

    mode: Mode | None = Field(None, description="For rules that name no mode. Default: observe.")
    limits: LimitsText = Field(LimitsText(), description="For each limit that a rule does not set itself.")
    runbook_url: str = Field("", description="For rules that name none.")
    with_: dict[str, Any] = Field(
        {}, alias="with", description="Parameters, for the guides that have one of that name; values may be templates."
    )


class RuleFileText(Written):
    """A rule file: rules in order, and guides by name."""

    pack: PackName | None = Field(
        None, description="Stands before every name in this file: its rule latency is PACK/latency to all others."
    )
    include: tuple[IncludedFile, ...] = Field(
        (), description="Other rule files, relative to this one. Their rules come after this file's own."
    )
    defaults: DefaultsText = Field(DefaultsText(), description="What the rules of this file have in common.")
    rules: tuple[RuleText, ...] = Field((), description="In order: the first that matches an alert takes it.")
    guides: dict[Name, GuideText] = Field({}, description="By name; unique among all rule files.")
    time_intervals: tuple[NamedIntervals, ...] = Field(
        (), description="Named times, as Alertmanager writes them; unique among all rule files."
    )
