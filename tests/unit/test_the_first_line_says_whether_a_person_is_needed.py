
import pytest
from fakes.run_views import CREATED, EXAMPLES, RUN, TARGET, diagnosed, entry, run, scaled
from msgspec.structs import replace

from remediator.core.records import Outcome, Phase, StepPlan
from remediator.core.transitions import Status
from remediator.interfaces.report import Need, compose
from remediator.interfaces.report_lines import Line, Table

NEEDS = {
    Status.HELD: Need.NOBODY,
    Status.QUEUED: Need.NOBODY,
    Status.DIAGNOSING: Need.NOBODY,
    Status.AWAITING_APPROVAL: Need.NOW,
    Status.ACTING: Need.NOBODY,
    Status.VERIFYING: Need.NOBODY,
    Status.SUCCEEDED: Need.NOBODY,
    Status.RECOVERED_ITSELF: Need.NOBODY,
    Status.UNVERIFIED: Need.LOOK,
    Status.OBSERVED: Need.NOW,
    Status.REFUSED: Need.NOW,
    Status.CANCELLED: Need.NOBODY,
    Status.EXPIRED: Need.NOW,
    Status.FAILED: Need.NOW,
    Status.UNDONE: Need.NOW,
    Status.ESCALATED: Need.NOW,
    Status.UNKNOWN: Need.NOW,
}
WORDS = {
    Need.NOW: ("a person is needed", "your decision is needed", "a person must"),
    Need.LOOK: ("somebody should",),
    Need.NOBODY: ("nobody is needed", "nothing more is done"),
}


@pytest.mark.parametrize("status", Status)
def test_each_status_says_who_is_needed(status):
    report = compose(run(status, "because"))
    assert report.need is NEEDS[status]
    assert any(words in report.title for words in WORDS[report.need])
    assert report.title.startswith(report.symbol)
    assert report.title.endswith(f"HighLatency on {TARGET}")
    assert report.reason == "because"


@pytest.mark.parametrize("status", [Status.OBSERVED, Status.REFUSED, Status.EXPIRED, Status.FAILED])
def test_a_resolved_alert_wakes_nobody_when_nothing_was_changed(status):
    report = compose(run(status, "because", resolved_at=CREATED))
    assert report.need is Need.NOBODY
    assert "the alert has resolved, nobody is needed" in report.title


@pytest.mark.parametrize("status", [Status.ESCALATED, Status.FAILED])
def test_somebody_looks_when_it_resolved_after_a_change_that_failed(status):
    report = compose(run(status, "because", scaled(), resolved_at=CREATED))
    assert report.need is Need.LOOK


def test_an_unknown_step_needs_a_person_even_when_the_alert_resolved():
    report = compose(replace(EXAMPLES["unknown"](), resolved_at=CREATED))
    assert report.need is Need.NOW
    assert "find out whether kubernetes.scale took effect" in report.title


@pytest.mark.parametrize(
    ("journal", "said"),
    [
        ((), "nothing was changed"),
        ((scaled(),), "1 change was made"),
        ((scaled(outcome=Outcome.FAILED),), "nothing was changed"),
        ((scaled(outcome=Outcome.INTENT),), "a change may have been made"),
        ((scaled(outcome=Outcome.UNKNOWN),), "a change may have been made"),
        ((scaled(), scaled(phase=Phase.UNDO, key="0/undo/0")), "1 change was made and put back"),
        ((scaled(), scaled(phase=Phase.UNDO, key="0/undo/0", outcome=Outcome.FAILED)), "1 change was made"),
        (
            (scaled(), scaled(key="0/act/1"), scaled(phase=Phase.UNDO, key="0/undo/1")),
            "2 changes were made, 1 put back",
        ),
        ((scaled(remedy="of no plan"),), "1 change was made"),
    ],
)
def test_it_claims_no_more_than_the_journal(journal, said):
    assert f"; {said} — " in compose(run(Status.FAILED, "because", *journal)).title


def test_a_step_that_only_reads_is_no_change():
    plan = EXAMPLES["held"]().plan
    read = replace(plan.remedies[1].steps[0], changes=False)
    remedies = (plan.remedies[0], replace(plan.remedies[1], steps=(read,)))
    looked = run(Status.FAILED, "because", scaled(), plan=replace(plan, remedies=remedies))
    assert "nothing was changed" in compose(looked).title


def test_a_wait_says_on_what_and_until_when():
    report = compose(EXAMPLES["held"]())
    assert "waits until 2025-03-01T03:13:00Z, held by cooldown" in report.title


def test_a_run_that_cannot_be_approved_yet_offers_no_approval():
    asked = compose(EXAMPLES["awaiting_approval"]())
    assert f'remediator runs approve {RUN} --reason "…"' in [line.text for line in asked.advice]
    for name in set(EXAMPLES) - {"awaiting_approval"}:
        assert not any("runs approve" in line.text for line in compose(EXAMPLES[name]()).advice)


def test_a_hostile_run_id_stays_one_argument_of_the_command():
    report = compose(replace(EXAMPLES["awaiting_approval"](), id="x; rm -rf /"))
    assert report.advice[0].text == "remediator runs approve 'x; rm -rf /' --reason \"…\""


def passed_over(view):
    tables = [item for item in compose(view).on("diagnosis") if isinstance(item, Table) and item.title == "Ruled out"]
    return {row[0]: row[2] for item in tables for row in item.rows}


def test_ruled_out_remedies_say_what_was_seen():
    assert passed_over(EXAMPLES["succeeded"]()) == {
        "end idle sessions": "did not hold: steps.pool.used_share = 0.42",
    }


def test_a_remedy_whose_finding_failed_is_unknown_not_false():
    pool, *rest = diagnosed()
    failed = replace(pool, outcome=Outcome.FAILED, output=None, error="connection refused")
    why = passed_over(run(Status.ESCALATED, "no remedy applies", failed, *rest))
    said = "unknown, so it did not hold: steps.pool.used_share is unknown: connection refused"
    assert why["end idle sessions"].startswith(said)


def test_nothing_is_ruled_out_before_anything_was_chosen():
    assert passed_over(run(Status.DIAGNOSING, "looking", *diagnosed())) == {}


def test_what_was_not_needed_did_not_fail_to_hold():
    assert set(passed_over(EXAMPLES["recovered_itself"]()).values()) == {"not needed"}


def test_an_approval_names_who_and_why():
    allowed = run(
        Status.SUCCEEDED, "helped", *diagnosed(), scaled(), approved_by="dana", approval_reason="quiet hours"
    )  # fmt: skip
    assert ("Approved by", "dana: quiet hours") in [
        (getattr(item, "label", ""), getattr(item, "text", "")) for item in compose(allowed).action
    ]


def test_what_alertmanager_said_is_told():
    asked = entry(Phase.CONFIRM, StepPlan("alert", "", {}), 5, {"state": "firing"})
    report = compose(run(Status.VERIFYING, "0.2 is not below 0.15", *diagnosed(), asked))
    assert Line("firing at 2025-03-01T03:02:06Z", "Alertmanager says") in report.situation
