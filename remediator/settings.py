"""The daemon's configuration: every key with its unit, default and meaning.

A wrong setting stops the start, with everything that is wrong said at once. Secrets are never in
the file: ``…_file`` names the file that holds one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from remediator.core.breaker import BreakerLimits
from remediator.core.durations import Duration
from remediator.core.file_names import FileName, FilePattern
from remediator.core.guide import StormText, ThrottleText
from remediator.core.policy import BOUNDS, ApprovalNeed, ApprovalRule, Policy
from remediator.core.quantities import Quantity
from remediator.core.transitions import Mode

#: Only what an operator writes may mention people, and only in these forms.
MENTION = re.compile(r"<!(?:here|channel|subteam\^[A-Z0-9]{2,20})>|<@[A-Z0-9]{2,20}>")
PROTECTED = tuple(
    pattern
    for namespace in ("kube-system", "kube-public", "kube-node-lease")
    for pattern in (f"kubernetes/*/{namespace}", f"kubernetes/*/{namespace}/**")
)


def _per_hour(most: int) -> ThrottleText:
    return ThrottleText.model_validate({"max": most, "per": "1h"})


class Section(BaseModel):
    """Base of all sections: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)  # built with what it stands in


class AllowSettings(Section):
    """What may be changed at all. Empty: nothing."""

    targets: tuple[str, ...] = Field((), description="Patterns by segment: * inside one, ** as the last for any tail.")
    protected: tuple[str, ...] = Field(PROTECTED, description="Patterns never changed, whatever is allowed.")
    own_workload: bool = Field(
        False, description="Whether the workload that the daemon itself runs as may be changed, too."
    )


class FlappingText(ThrottleText):
    """More than ``max`` episodes of one alert within ``per``: they are one trouble."""

    quiet: Duration = Field(1800.0, gt=0, description="How long it must stay resolved until that trouble is over.")


class ApprovalText(Section):
    """Actions that people must approve, whatever a rule says."""

    actions: tuple[str, ...] = Field(min_length=1, description="Patterns of actions, such as postgres.*.")
    targets: tuple[str, ...] = Field(("**",), description="Patterns of targets. Default: all.")
    persons: int = Field(1, ge=1, le=10, description="How many different persons.")
    by: tuple[str, ...] = Field((), description="Users, or groups of policy.groups. Default: whoever may operate.")


class PolicySettings(Section):
    """What may be done where allow.targets lets it, how much of it, and what needs people."""

    actions: tuple[str, ...] = Field(("*",), description="Patterns of the changing actions that may be used.")
    bounds: dict[str, Quantity] = Field({}, description="The most that one step may use, by the amounts of actions.")
    approvals: tuple[ApprovalText, ...] = Field((), description="What needs people, whatever a rule says.")
    groups: dict[str, tuple[str, ...]] = Field({}, description="Users by group, for approvals.")

    @model_validator(mode="after")
    def _can_be_met(self) -> PolicySettings:
        if unknown := set(self.bounds) - set(BOUNDS):
            raise ValueError(f"bounds: there is no amount {', '.join(sorted(unknown))}; there are {', '.join(BOUNDS)}")
        for approval in self.approvals:
            need = self._need(approval)
            if not need.possible:
                raise ValueError(
                    f"approvals: {need.persons} persons must approve {', '.join(approval.actions)}, "
                    f"but only {len(need.by)} may: {', '.join(sorted(need.by))}"
                )
        return self

    def policy(self) -> Policy:
        """Return it as the core takes it."""
        rules = tuple(ApprovalRule(each.actions, each.targets, self._need(each)) for each in self.approvals)
        return Policy(self.actions, self.bounds, rules)

    def _need(self, approval: ApprovalText) -> ApprovalNeed:
        people = [user for name in approval.by for user in self.groups.get(name, (name,))]
        return ApprovalNeed(approval.persons, frozenset(people))


class PauseSettings(Section):
    """A kill switch that needs nothing of us to work."""

    file: FileName | None = Field(
        None, description="While this file exists nothing is changed; its text is the reason."
    )


class BreakerSettings(Section):
    """When a breaker opens and closes."""

    failures: int = Field(5, ge=1, description="Failures in a row that open it.")
    recovery: Duration = Field(60.0, description="Until trials are let through.")
    trials: int = Field(3, ge=1, description="Trials that must succeed to close it.")

    def limits(self) -> BreakerLimits:
        """Return them as the core takes them."""
        return BreakerLimits(self.failures, self.recovery, self.trials)


class LimitSettings(Section):
    """How much at once and in a window."""

    steps_in_flight: int = Field(32, ge=1, le=10_000, description="Steps performed at the same time, in all.")
    steps_per_backend: int = Field(16, ge=1, le=10_000, description="The same, for each backend.")
    backends: dict[str, Annotated[int, Field(ge=1)]] = Field(
        {}, description="The same, for named backends such as http/10.0.0.1:8080."
    )
    backlog: int = Field(20_000, ge=1, description="Open runs beyond which notifications are answered 503.")
    per_target: ThrottleText | None = Field(_per_hour(5), description="Runs let through per target.")
    per_namespace: ThrottleText | None = Field(_per_hour(20), description="... per namespace.")
    overall: ThrottleText | None = Field(_per_hour(100), description="... in all.")
    budget: ThrottleText | None = Field(_per_hour(60), description="Different targets changed in a window, in all.")
    budget_per_namespace: ThrottleText | None = Field(None, description="... in each namespace.")
    budget_per_cluster: ThrottleText | None = Field(None, description="... in each cluster or other connection.")
    storm: StormText | None = Field(
        StormText.model_validate({"max": 200, "per": "1m"}), description="More new alerts than this: nothing acts."
    )
    flapping: FlappingText | None = Field(
        FlappingText.model_validate({"max": 4, "per": "1h"}),
        description="An alert that comes back more often is one trouble until it is quiet.",
    )
    loop_guard: Duration = Field(
        600.0, description="An alert that began so soon after our own change there is asked about; 0: never."
    )
    stale: Duration = Field(
        6 * 3600.0,
        description="An alert that began so long before it was heard of is asked about, unless its rule has a max_age.",
    )
    hold_max: Duration = Field(1800.0, description="A run held longer than this calls people.")
    pause_max: Duration = Field(
        86400.0, description="People are reminded, once, of a run that somebody has paused for longer; 0: never."
    )
    grace: Duration = Field(
        120.0, description="An alert that fires again this soon after resolved is the same trouble."
    )


class WebhookSettings(Section):
    """Who may post alerts. With both, either is enough; with neither, only a loopback address is served."""

    bearer_token_file: FileName | None = Field(None, description="The token that senders present.")
    basic_auth_users: dict[str, str] = Field({}, description="User to bcrypt hash, as in the web file.")


class WebSettings(Section):
    """The HTTP side."""

    max_body: int = Field(16 * 1024 * 1024, ge=1024, description="Bytes of a notification; larger is answered 413.")
    max_connections: int = Field(
        512, ge=16, le=100_000, description="Connections open at a time; beyond it the one silent longest is closed."
    )
    idle_timeout: Duration = Field(
        75.0, gt=0, description="A connection that brings no whole request head within this is closed."
    )
    read_timeout: Duration = Field(60.0, gt=0, description="A body must have arrived within this; else 408.")
    webhook: WebhookSettings = Field(WebhookSettings(), description="Who may post alerts, and only that.")
    allow_unauthenticated: bool = Field(
        False, description="Serve a public address without operators' authentication (behind a proxy that has it)."
    )


class SlackSettings(Section):
    """Reports to Slack: a bot token and a channel, or an incoming webhook."""

    token_file: FileName | None = Field(None, description="A bot token (xoxb-) with chat:write.")
    channel: str | None = Field(None, description="Channel id, such as C0123456789.")
    webhook_url_file: FileName | None = Field(None, description="The simple alternative: an incoming webhook's URL.")
    mention: str = Field("", description="What an escalation begins with: <!here>, <!subteam^ID> or <@ID>.")
    api_url: str = Field("https://slack.com/api/", description="Another base URL, such as a proxy's.")

    @field_validator("mention")
    @classmethod
    def _is_mention(cls, mention: str) -> str:
        if mention and not MENTION.fullmatch(mention):
            raise ValueError("Slack knows no such mention: write <!here>, <!channel>, <!subteam^ID> or <@ID>")
        return mention

    @model_validator(mode="after")
    def _one_way(self) -> SlackSettings:
        if self.webhook_url_file and (self.token_file or self.channel):
            raise ValueError("give either token_file and channel, or webhook_url_file")
        if bool(self.token_file) != bool(self.channel):
            raise ValueError("token_file and channel belong together")
        if not self.webhook_url_file and not self.token_file:
            raise ValueError("give token_file and channel, or webhook_url_file")
        return self


class ReportSettings(Section):
    """Where reports go when there is no Slack, and beside it."""

    console: Literal["auto", "on", "off"] = Field("auto", description="auto: only when Slack is not configured.")
    escalate_to: str | None = Field("default", description="The alertmanager connection that escalations go to.")


class RungText(Section):
    """Who is told when nobody has acknowledged for so long."""

    after: Duration = Field(description="Since people were called.")
    tell: str = Field(min_length=1, max_length=60, description="Who, in words; Alertmanager gets it as the label to.")


class EscalationSettings(Section):
    """Who is told next of a run that called people, until somebody acknowledges or the alert resolves."""

    ladders: dict[str, tuple[RungText, ...]] = Field({}, description="By what guides say under escalate.")


class RetentionSettings(Section):
    """How long what is over is kept. Open runs are never deleted."""

    age: Duration = Field(30 * 86400.0, description="Older finished runs and closed episodes are deleted.")
    runs: int = Field(100_000, ge=100, description="At most so many finished runs.")


class StoreSettings(Section):
    """Where rows live."""

    path: FileName = Field(Path("data/remediator.db"), description="SQLite file; on a local disk, not on NFS.")


class Settings(Section):
    """The whole file. Relative paths are relative to it."""

    max_mode: Mode = Field(Mode.OBSERVE, description="The most that any rule may do: observe, ask or auto.")
    rules: tuple[FilePattern, ...] = Field(("rules/**/*.yaml",), description="Rule files in order; patterns allowed.")
    watch_rules: bool = Field(True, description="Read rule files again as soon as they change.")
    allow: AllowSettings = Field(AllowSettings(), description="What may be changed at all.")
    policy: PolicySettings = Field(PolicySettings(), description="What may be done there, and who must approve it.")
    pause: PauseSettings = Field(PauseSettings(), description="The kill switch that is a file.")
    limits: LimitSettings = Field(LimitSettings(), description="How much at once and in a window.")
    backend_breaker: BreakerSettings = Field(BreakerSettings(), description="For backends that do not answer.")
    outcome_breaker: BreakerSettings = Field(BreakerSettings(), description="For remedies that do not help.")
    web: WebSettings = Field(WebSettings(), description="The HTTP side.")
    store: StoreSettings = Field(StoreSettings(), description="Where rows live.")
    slack: SlackSettings | None = Field(None, description="Reports to Slack. Default: none.")
    report: ReportSettings = Field(ReportSettings(), description="Where else reports go.")
    escalation: EscalationSettings = Field(EscalationSettings(), description="Who is told next, and when.")
    retention: RetentionSettings = Field(RetentionSettings(), description="How long what is over is kept.")
    drain: Duration = Field(20.0, description="On SIGTERM, how long steps in flight may finish.")
    connections: dict[str, dict[str, Any]] = Field(
        {}, description="Named connections by system: prometheus, alertmanager, kubernetes, http, command."
    )

    @model_validator(mode="after")
    def _acting_needs_places(self) -> Settings:
        if self.max_mode is not Mode.OBSERVE and not self.allow.targets:
            raise ValueError(
                f"max_mode is {self.max_mode}, but allow.targets is empty: name the targets that may be changed"
            )
        return self
