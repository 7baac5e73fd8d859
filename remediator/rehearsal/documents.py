"""Unit tests of rules as people write them: ``*_test.yaml`` beside the pack. Frozen; unknown keys are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from remediator.core.durations import SECOND, Duration, duration_text
from remediator.core.guide import Written
from remediator.core.transitions import Mode
from remediator.rehearsal.expectations import ExpectText
from remediator.rehearsal.timeline import ApprovalText, PauseText, ReloadText, UndoText
from remediator.settings import PROTECTED, AllowSettings, BreakerSettings, LimitSettings, PolicySettings, Settings

MOST_TESTS = 10_000
MOST_RESENT = 10_000  #: times that one alert is
MOST_POSTED = 100_000  #: alerts of one test, copies and resent ones counted
LONGEST_TEST = 10 * 365 * 86400.0  #: seconds; a duration is no longer either
FIRST, LAST = 0, 221_845_392_000 * SECOND  #: instants from 1970 on and before 9000 are told by all that we use


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


class SettingsText(Written):
    """The part of the daemon's configuration that decides what may be done. Here rules may act."""

    max_mode: Mode = Field(Mode.AUTO, description="The most that any rule may do: observe, ask or auto.")
    allow: AllowSettings = Field(
        AllowSettings(targets=("**",), protected=PROTECTED), description="What may be changed at all. Default: all."
    )
    policy: PolicySettings = Field(PolicySettings(), description="What may be done there, and who must approve it.")
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
            max_mode=self.max_mode, allow=self.allow, policy=self.policy, limits=self.limits,
            backend_breaker=self.backend_breaker, outcome_breaker=self.outcome_breaker,
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
    copies: int = Field(
        1, ge=1, le=10_000, description="So many alerts, told apart by the label copy, which counts from 1."
    )
    apart: Duration = Field(0.0, description="How much later each copy comes than the one before it.")


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


Answers = dict[
    str,
    Annotated[
        tuple[AnswerText, ...],
        BeforeValidator(_as_list, json_schema_input_type=AnswerText | tuple[AnswerText, ...]),
    ],
]
"""By step id (``pool``), guide and step id (``high-latency/pool``), or action (``http.probe``)."""


class TestText(Written):
    """One test: a timeline, and what it is expected to lead to."""

    __test__ = False  #: pytest looks at names

    name: str = Field(min_length=1, max_length=300, description="What holds, in a sentence.")
    start: str = Field("2026-01-05T00:00:00Z", description="The date and time when it begins (a Monday).")
    alerts: tuple[AlertText, ...] = Field(min_length=1, max_length=10_000, description="The timeline of alerts.")
    settings: SettingsText | None = Field(None, description="Settings of this test, instead of the file's.")
    answers: Answers = Field({}, description="What backends answer; looked at before the file's own answers.")
    approvals: tuple[ApprovalText, ...] = Field((), description="What people say to runs that ask.")
    pauses: tuple[PauseText, ...] = Field((), description="When people stop everything, a rule, or a place.")
    undos: tuple[UndoText, ...] = Field((), description="When people have a run taken back.")
    reloads: tuple[ReloadText, ...] = Field((), description="When rules are edited.")
    until: Duration | None = Field(
        None, description="When it is over. Default: when all runs are, at most 24h after what happens last."
    )
    expect: ExpectText = Field(description="What must come of it.")

    @model_validator(mode="after")
    def _all_happens_before_the_end(self) -> TestText:
        times = [alert.at + alert.apart * (alert.copies - 1) for alert in self.alerts]
        times += [said.at for said in self.approvals] + [pause.at for pause in self.pauses]
        times += [undo.at for undo in self.undos] + [reload.at for reload in self.reloads]
        if max(times) > LONGEST_TEST:
            raise ValueError(f"a test lasts ten years at most, but something happens at {duration_text(max(times))}")
        if self.until is not None and max(times) > self.until:
            last, end = duration_text(max(times)), duration_text(self.until)
            raise ValueError(f"the test is over at {end}, but something happens at {last}")
        return self

    @model_validator(mode="after")
    def _resending_ends(self) -> TestText:
        for number, alert in enumerate(self.alerts):
            ended = any(later.labels == alert.labels for later in self.alerts[number + 1 :])
            if alert.every is not None and self.until is None and not ended:
                raise ValueError("an alert with every is resent for ever: give the test an until, or resolve the alert")
        return self

    def posted(self, number: int) -> int:
        """Return how often this alert, with its copies, is posted at most."""
        alert = self.alerts[number]
        if alert.every is None:
            return alert.copies
        later = (one for one in self.alerts[number + 1 :] if one.labels == alert.labels and one.at > alert.at)
        # Copies have a label of their own: only as many copies are all of the same alerts.
        same = (one.at for one in later if one.copies == alert.copies or 1 < alert.copies < one.copies)
        end = min((*same, *(() if self.until is None else (self.until,))), default=alert.at)
        return alert.copies * (1 + min(int((end - alert.at) / alert.every + 1e-9), MOST_RESENT))

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
    connections: dict[str, dict[str, dict[str, Any]]] = Field(
        {},
        description="By system and name, as in the daemon's configuration; nothing is sent to them. Rules may name no "
        "others of these systems. Default: every name there is, with its system's defaults.",
    )
    answers: Answers = Field({}, description="What backends answer in every test.")
    tests: tuple[TestText, ...] = Field(min_length=1, max_length=MOST_TESTS, description="Each in a world of its own.")


def instant(text: str) -> int:
    """Return an ISO 8601 time as microseconds since 1970; without an offset it is UTC. Raise ValueError."""
    made = datetime.fromisoformat(text)
    at = round((made if made.tzinfo else made.replace(tzinfo=UTC)).timestamp()) * SECOND
    if not FIRST <= at < LAST:
        raise ValueError(f'"{text}" does not lie between 1970 and 9000 in UTC')
    return at
