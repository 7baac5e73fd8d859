"""Unit tests of rules as people write them: ``*_test.yaml`` beside the pack. Frozen; unknown keys are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from remediator.core.durations import SECOND, Duration
from remediator.core.guide import Written
from remediator.core.transitions import Mode, Status
from remediator.settings import PROTECTED, AllowSettings, BreakerSettings, LimitSettings, Settings

MOST_TESTS = 10_000


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
"""A text, or a list of texts."""


class SettingsText(Written):
    """The part of the daemon's configuration that decides what may be done. Here rules may act."""

    max_mode: Mode = Field(Mode.AUTO, description="The most that any rule may do: observe, ask or auto.")
    allow: AllowSettings = Field(
        AllowSettings(targets=("**",), protected=PROTECTED), description="What may be changed at all. Default: all."
    )
    limits: LimitSettings = Field(LimitSettings(), description="How much at once and in a window, as the daemon's.")
    backend_breaker: BreakerSettings = Field(BreakerSettings(), description="For backends that do not answer.")
    outcome_breaker: BreakerSettings = Field(BreakerSettings(), description="For remedies that do not help.")

    @model_validator(mode="after")
    def _acting_needs_places(self) -> SettingsText:
        if self.max_mode is not Mode.OBSERVE and not self.allow.targets:
            raise ValueError(f"max_mode is {self.max_mode}, but allow.targets is empty: no daemon would start so")
        return self

    def settings(self) -> Settings:
        """Return the daemon's settings that say the same."""
        return Settings(
            max_mode=self.max_mode, allow=self.allow, limits=self.limits, backend_breaker=self.backend_breaker,
            outcome_breaker=self.outcome_breaker,
        )  # fmt: skip


class AlertText(Written):
    """One alert on the timeline. Those with the same ``at`` come in one notification."""

    at: Duration = Field(0.0, description="When it comes, from the beginning of the test.")
    labels: dict[str, str] = Field(min_length=1, max_length=128, description="Its labels; they identify it.")
    annotations: dict[str, str] = Field({}, max_length=128, description="Its annotations.")
    state: Literal["firing", "resolved", "silenced", "inhibited"] = Field(
        "firing",
        description="firing and resolved are posted. silenced and inhibited are not: it is what Alertmanager says when "
        "it is asked.",
    )
    age: Duration | None = Field(
        None, description="How long before at it began. Default: at; one that is resent began when it did."
    )
    every: Duration | None = Field(
        None, gt=0, description="Resent this often, until the same labels stand here again or the test is over."
    )


class AnswerText(Written):
    """What a backend answers to one call, or to all of those that its conditions choose."""

    outputs: dict[str, Any] | None = Field(None, description="The action's outputs, as its page lists them.")
    fails: str | None = Field(None, max_length=2000, description="It fails with this text.")
    kind: Literal["temporary", "permanent", "ambiguous"] = Field(
        "permanent",
        description="How it fails: temporary is tried again, permanent is not, ambiguous may have happened.",
    )
    transport: bool = Field(False, description="Whether it fails because nobody answers; backends' breakers count it.")
    hangs: bool = Field(False, description="It never answers: the step's time is up.")
    takes: Duration = Field(0.0, description="How long the answer takes.")
    times: int | None = Field(
        None, ge=1, description="How many calls it answers. Default: one, or with a condition all that it holds for."
    )
    from_: Duration | None = Field(None, alias="from", description="Only from this time of the test on.")
    until: Duration | None = Field(None, description="Only before this time of the test.")
    changed: bool | None = Field(None, description="Only after (or before) the run has changed something.")
    phase: Literal["diagnose", "baseline", "preview", "act", "verify", "undo"] | None = Field(
        None, description="Only in this part of a run; baseline is the verification before anything is done."
    )
    target: str | None = Field(None, description="Only for runs on this target.")
    arguments: dict[str, Any] = Field({}, description="Only for calls with these arguments; others are not looked at.")
    resolved: dict[str, Any] = Field(
        {}, description="Of a change: the arguments that it really has, where what is written is relative (+50%)."
    )
    before: dict[str, Any] = Field({}, description="Of a change: what was there.")
    happened: bool | None = Field(
        None, description="Of a change that was ambiguous: whether it took effect. Default: nobody can tell."
    )
    preview: str = Field("", description="Of a change: what it says it would do, where a person is shown that.")
    caution: str = Field("", description="Of a change: why a person should decide.")

    @model_validator(mode="after")
    def _one_answer(self) -> AnswerText:
        if [self.outputs is not None, self.fails is not None, self.hangs].count(True) != 1:
            raise ValueError("an answer has one of: outputs, fails, hangs")
        return self

    @property
    def conditional(self) -> bool:
        """Whether it is for some calls only."""
        chosen = (self.from_, self.until, self.changed, self.phase, self.target)
        return bool(self.arguments) or any(condition is not None for condition in chosen)


class ApprovalText(Written):
    """What a person says to runs that wait for an approval then."""

    at: Duration = Field(description="When.")
    do: Literal["approve", "refuse"] = Field("approve", description="What is said.")
    by: str = Field("somebody", min_length=1, max_length=200, description="Who says it.")
    reason: str = Field("", max_length=1000, description="Why.")
    rule: str | None = Field(None, description="Only to runs of this rule.")
    target: str | None = Field(None, description="Only to runs on this target.")


class PauseText(Written):
    """The kill switch."""

    at: Duration = Field(0.0, description="When.")
    scope: str = Field("global", pattern="^(global|rule:.+)$", description="global, or rule:NAME.")
    by: str = Field("somebody", min_length=1, max_length=200, description="Who pauses.")
    reason: str = Field("", max_length=1000, description="Why.")
    for_: Duration | None = Field(None, alias="for", gt=0, description="How long. Default: to the end of the test.")


class ChangeText(BaseModel):
    """A change that is expected: ``{http.request: {path: /restart}}``. The one other key names the action."""

    model_config = ConfigDict(frozen=True, extra="allow")

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

    guard: str | None = Field(None, description="The guard: lock, cooldown, throttle, budget, breaker, pause, for …")
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
    runs: tuple[RunText, ...] = Field((), description="Runs, in the order in which they begin.")

    @model_validator(mode="after")
    def _nothing_is_alone(self) -> ExpectText:
        if self.nothing and self.runs:
            raise ValueError("where nothing is expected, no runs can be")
        return self


Answers = dict[str, Annotated[tuple[AnswerText, ...], BeforeValidator(_as_list)]]
"""By step id (``pool``), guide and step id (``high-latency/pool``), or action (``http.probe``)."""


class TestText(Written):
    """One test: a timeline, and what it is expected to lead to."""

    __test__ = False  #: pytest looks at names

    name: str = Field(min_length=1, max_length=300, description="What holds, in a sentence.")
    start: str = Field("2026-01-05T00:00:00Z", description="The date and time when it begins (a Monday).")
    alerts: tuple[AlertText, ...] = Field(min_length=1, max_length=10_000, description="The timeline of alerts.")
    answers: Answers = Field({}, description="What backends answer; looked at before the file's own answers.")
    approvals: tuple[ApprovalText, ...] = Field((), description="What people say to runs that ask.")
    pauses: tuple[PauseText, ...] = Field((), description="When people stop everything, or a rule.")
    until: Duration | None = Field(
        None, description="When it is over. Default: when all runs are, at most 24h after what happens last."
    )
    expect: ExpectText = Field(description="What must come of it.")

    @model_validator(mode="after")
    def _resending_ends(self) -> TestText:
        for number, alert in enumerate(self.alerts):
            ended = any(later.labels == alert.labels for later in self.alerts[number + 1 :])
            if alert.every is not None and self.until is None and not ended:
                raise ValueError("an alert with every is resent for ever: give the test an until, or resolve the alert")
        return self

    @field_validator("start")
    @classmethod
    def _is_a_time(cls, text: str) -> str:
        instant(text)
        return text


class TestFileText(Written):
    """A file of unit tests."""

    __test__ = False  #: pytest looks at names

    rule_files: tuple[str, ...] = Field(min_length=1, description="Rule files, relative to this one; patterns allowed.")
    settings: SettingsText = Field(SettingsText(), description="What the site allows.")
    answers: Answers = Field({}, description="What backends answer in every test.")
    tests: tuple[TestText, ...] = Field(min_length=1, max_length=MOST_TESTS, description="Each in a world of its own.")


def instant(text: str) -> int:
    """Return an ISO 8601 time as microseconds since 1970; without an offset it is UTC. Raise ValueError."""
    made = datetime.fromisoformat(text)
    return round((made if made.tzinfo else made.replace(tzinfo=UTC)).timestamp()) * SECOND
