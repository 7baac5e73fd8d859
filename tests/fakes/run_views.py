"""Runs as reports see them: one maker a status, built from the guide that every example uses."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from remediator.core.durations import SECOND
from remediator.core.records import Entry, Outcome, Phase, Plan, RemedyPlan, RunView, StepPlan, VerifyPlan
from remediator.core.transitions import Mode, Status

#: 2025-03-01T03:00:00Z: the alert began here; the run, two minutes later.
BEGAN = 1_740_798_000 * SECOND
CREATED = BEGAN + 120 * SECOND
RUN = "01JN8G4Q7WXK"
TARGET = "kubernetes/default/shop/deployment/gateway"

POOL = StepPlan("pool", "postgres.connections", {"connection": "orders"})
WORKLOAD = StepPlan("workload", "kubernetes.describe_workload", {"name": "{{ params.deployment }}"})
END_IDLE = StepPlan("0", "postgres.terminate_idle", {"connection": "orders", "idle_for": "10m"}, changes=True)
SCALE = StepPlan("0", "kubernetes.scale", {"name": "{{ params.deployment }}", "by": "+50%"}, changes=True)
LATENCY = StepPlan("0", "prometheus.query", {"query": 'job:latency:p95{service="gateway"}', "below": 0.15})
ABSOLUTE = {"kind": "deployment", "namespace": "shop", "name": "gateway", "replicas": 6}

PLAN = Plan(
    rule="gateway-latency",
    guide="high-latency",
    summary="P95 is above its limit",
    mode=Mode.AUTO,
    fingerprint="a1b2c3d4e5f60718",
    starts_at=BEGAN,
    labels={"alertname": "HighLatency", "severity": "critical", "namespace": "shop", "service": "gateway"},
    annotations={"summary": "P95 of gateway is 0.41s"},
    params={"namespace": "shop", "deployment": "gateway", "max_replicas": 8},
    target=TARGET,
    locks=(TARGET,),
    backends=("kubernetes/default",),
    priority=1,
    diagnose=(POOL, WORKLOAD),
    remedies=(
        RemedyPlan("end idle sessions", (END_IDLE,), "steps.pool.used_share > 0.85", Mode.ASK),
        RemedyPlan("scale out", (SCALE,), "not steps.workload.rolling_out and steps.pool.headroom >= 20"),
    ),
    verify=VerifyPlan((LATENCY,), within=300, hold=60),
    escalate="sev-2",
    notes="Long term:\n- index the slow statement\n- cache the catalogue call\n",
    runbook_url="https://runbooks.example.com/high-latency",
)


def entry(phase: Phase, step: StepPlan, at: float, output: Any = None, **changes: Any) -> Entry:
    """A finished step of the first cycle that began ``at`` seconds after the run and took one."""
    made = Entry(
        key=f"0/{phase.value}/{step.id}",
        phase=phase,
        cycle=0,
        step=step.id,
        action=step.action,
        outcome=Outcome.DONE,
        args=step.args,
        started_at=CREATED + int(at * SECOND),
        finished_at=CREATED + int((at + 1) * SECOND),
        output=output,
    )
    return replace(made, **changes)


def run(
    status: Status, reason: str, *journal: Entry, seconds: float = 90, plan: Plan = PLAN, **changes: Any
) -> RunView:
    """A run of the example guide as it stands ``seconds`` after it began."""
    at = CREATED + int(seconds * SECOND)
    final = status not in (
        Status.HELD, Status.QUEUED, Status.DIAGNOSING, Status.AWAITING_APPROVAL, Status.ACTING, Status.VERIFYING,
    )  # fmt: skip
    made = RunView(
        id=RUN,
        plan=plan,
        status=status,
        reason=reason,
        created_at=CREATED,
        updated_at=at,
        finished_at=at if final else None,
        journal=journal,
        effective_mode=Mode.AUTO,
        episodes=("01JN8G4Q7E01",),
    )
    return replace(made, **changes)


def diagnosed(used_share: float = 0.42) -> tuple[Entry, ...]:
    """What was found before anything was done: the latency is too high."""
    seen = {"holds": False, "reason": "0.41 is not below 0.15"}
    return (
        entry(Phase.DIAGNOSE, POOL, 0, {"used_share": used_share, "headroom": 58, "idle": [41, 42, 43]}),
        entry(Phase.DIAGNOSE, WORKLOAD, 0, {"replicas": 4, "ready": 4, "rolling_out": False}),
        entry(Phase.BASELINE, LATENCY, 0, seen),
    )


def scaled(**changes: Any) -> Entry:
    """The gateway was scaled from 4 to 6."""
    done = entry(Phase.ACT, SCALE, 2, {"replicas": 6}, args=ABSOLUTE, before={"replicas": 4}, remedy="scale out")
    return replace(done, **changes)


def verified(verdict: str, reason: str, at: float = 80) -> Entry:
    """The last word of the verification."""
    whole = replace(LATENCY, id="all", action="")
    return entry(Phase.VERIFY, whole, at, {"verdict": verdict, "reason": reason})


def succeeded() -> RunView:
    """Scaling out helped; the other remedy's condition did not hold."""
    reason = '"scale out" helped: 0.09 is below 0.15 for 1m'
    return run(Status.SUCCEEDED, reason, *diagnosed(), scaled(), verified("holds", "0.09 is below 0.15 for 1m"))


def recovered_itself() -> RunView:
    """The verification held before anything was done."""
    pool, workload, latency = diagnosed()
    latency = replace(latency, output={"holds": True, "reason": "0.11 is below 0.15"})
    reason = "the verification already held before anything was done"
    return run(Status.RECOVERED_ITSELF, reason, pool, workload, latency, seconds=2, resolved_at=CREATED + SECOND)


def escalated() -> RunView:
    """Scaling out did not help, the second look could not reach the database, and nothing else applies."""
    unreachable = entry(
        Phase.DIAGNOSE, POOL, 303, None, key="1/diagnose/pool", cycle=1, outcome=Outcome.FAILED,
        error="connection refused by db.shop:5432 (postgres://app:hunter2@db.shop/orders)",
    )  # fmt: skip
    again = entry(
        Phase.DIAGNOSE,
        WORKLOAD,
        303,
        {"replicas": 6, "ready": 6, "rolling_out": False},
        key="1/diagnose/workload",
        cycle=1,
    )
    reason = (
        '"scale out" did not help: 0.38 is not below 0.15; no remedy applies (end idle sessions: steps.pool is unknown)'
    )
    return run(
        Status.ESCALATED, reason, *diagnosed(), scaled(), verified("failed", "0.38 is not below 0.15 after 5m", 302),
        unreachable, again, seconds=305,
    )  # fmt: skip


def awaiting_approval() -> RunView:
    """Ending idle sessions needs a person's word."""
    preview = entry(
        Phase.PREVIEW, END_IDLE, 2, {"preview": "would end 12 sessions that have been idle for 10m or longer"},
        args={"connection": "orders", "idle_for": 600.0, "max": 50}, before={"idle": 12}, remedy="end idle sessions",
    )  # fmt: skip
    reason = 'waits for approval of "end idle sessions"'
    return run(Status.AWAITING_APPROVAL, reason, *diagnosed(0.93), preview, seconds=4, shown="9f86d081884c7d65")


def observed() -> RunView:
    """The daemon may only observe."""
    preview = entry(
        Phase.PREVIEW, SCALE, 2, {"preview": "would change replicas from 4 to 6"},
        args=ABSOLUTE, before={"replicas": 4}, remedy="scale out",
    )  # fmt: skip
    reason = 'would do "scale out"; the daemon\'s max_mode is observe'
    return run(Status.OBSERVED, reason, *diagnosed(), preview, seconds=4, effective_mode=Mode.OBSERVE)


def held() -> RunView:
    """The target was changed a short while ago."""
    reason = f"{TARGET} was changed 4m ago; cooldown 15m"
    until = CREATED + 660 * SECOND
    return run(Status.HELD, reason, seconds=1, held_by="cooldown", held_until=until)


def unknown() -> RunView:
    """The answer to the scaling was lost and asking again did not tell."""
    lost = scaled(outcome=Outcome.UNKNOWN, output=None, error="the answer was lost: server disconnected")
    reason = "nobody can tell whether kubernetes.scale took effect: the answer was lost: server disconnected"
    return run(Status.UNKNOWN, reason, *diagnosed(), lost, seconds=35)


EXAMPLES = {
    make.__name__: make for make in (succeeded, recovered_itself, escalated, awaiting_approval, observed, held, unknown)
}

HOSTILE = (
    "<!channel>",
    "<@U012AB3CD>",
    "<https://evil.example|click>",
    "&lt;!here&gt;",
    "*bold* _it_ ~no~ `code` ```",
    "> quote\n- list",
    "a|b\\|c",
    "@channel #general",
    ":fire:",
    "[a](http://b)",
    "![i](http://b)",
    "# h",
    "1. one",
    "<script>",
    "http://auto.example",
    "www.example.com",
    "\x1b[31mred\x1b[0m\u202egnp",
    "\ud800",
    "",
    "x" * 4000,
    "&" * 4000,
    "`" * 300,
    "\U0001f525" * 2000,
    "password=hunter2",
)


def any_run_view() -> st.SearchStrategy[RunView]:
    """Any run at all, of hostile text and of any size."""
    text = st.one_of(
        st.sampled_from(HOSTILE), st.text(max_size=30), st.text(st.sampled_from("<>&*_`|~@#:\\ \n"), max_size=40)
    )
    micros = st.integers(-(2**62), 2**62)
    seconds = st.floats(0, 1e9)
    leaf = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), text)
    tree = leaf | st.lists(leaf, max_size=4) | st.dictionaries(text, leaf, max_size=3)
    args = st.dictionaries(text, tree, max_size=3)
    ids = st.one_of(text, st.sampled_from(["pool", "workload", "0", "all"]))
    names = st.one_of(text, st.sampled_from(["scale out", "end idle sessions"]))
    steps = st.builds(StepPlan, id=ids, action=text, args=args, changes=st.booleans())
    several = st.lists(steps, max_size=2).map(tuple)
    remedies = st.builds(
        RemedyPlan,
        name=names,
        steps=several,
        when=st.none() | text | st.just("steps.pool.a > 1"),
        mode=st.sampled_from(Mode),
    )
    labels = st.dictionaries(st.one_of(text, st.sampled_from(["alertname", "severity"])), text, max_size=4)
    plans = st.builds(
        Plan,
        rule=text, guide=text, summary=text, mode=st.sampled_from(Mode), fingerprint=text, starts_at=micros,
        labels=labels, annotations=labels | st.dictionaries(st.just("summary"), text), params=args, target=text,
        locks=st.just(()), backends=st.just(()), priority=st.just(0), diagnose=several,
        remedies=st.lists(remedies, max_size=2).map(tuple),
        verify=st.none() | st.builds(VerifyPlan, conditions=several, every=st.booleans(), within=seconds, hold=seconds),
        undo=st.sampled_from(["manual", "on_failure", "never"]), escalate=st.none() | text, notes=text,
        runbook_url=text | st.just("https://runbooks.example.com/a|b?c=<d>&e"), approval_timeout=seconds,
    )  # fmt: skip
    entries = st.builds(
        Entry,
        key=text, phase=st.sampled_from(Phase), cycle=st.integers(0, 3), step=ids, action=text,
        outcome=st.sampled_from(Outcome), args=args, started_at=micros, finished_at=st.none() | micros,
        attempt=st.integers(1, 9), before=st.none() | args, output=st.none() | args, error=text, remedy=names,
    )  # fmt: skip
    return st.builds(
        RunView,
        id=text, plan=plans, status=st.sampled_from(Status), reason=text, created_at=micros, updated_at=micros,
        finished_at=st.none() | micros, journal=st.lists(entries, max_size=5).map(tuple), held_by=text,
        held_until=st.none() | micros, effective_mode=st.sampled_from(Mode), approved_by=text, approval_reason=text,
        resolved_at=st.none() | micros,
    )  # fmt: skip
