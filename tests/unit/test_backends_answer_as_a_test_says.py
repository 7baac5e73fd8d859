"""Canned answers: in order, by condition, failing, hanging; and what the engine makes of them."""

from pathlib import Path

import pytest

from remediator.rehearsal.session import Session

PACK = (Path(__file__).parent / "golden_rule_tests/pack.yaml").read_text("utf-8")
DOWN = "[{labels: {alertname: Down, service: web}}]"
BUSY = "[{labels: {alertname: Busy, deployment: cart}}]"
UP_LATER = "[{changed: false, outputs: {holds: false}}, {changed: true, outputs: {holds: true}}]"


@pytest.fixture
def play(tmp_path):
    (tmp_path / "pack.yaml").write_text(PACK)

    def play(alerts, answers, expect, more=""):
        path = tmp_path / "pack_test.yaml"
        path.write_text(
            f"rule_files: [pack.yaml]\ntests:\n  - name: it\n    alerts: {alerts}\n    answers: {answers}\n"
            f"    expect: {{runs: [{expect}]}}\n{more}"
        )
        said = []
        session = Session()
        session.run([path], said.append)
        return "\n".join(said)

    return play


def restarts(restart, check=UP_LATER, health="{outputs: {holds: false}}"):
    return f"{{health: {health}, restart: {restart}, check1: {check}}}"


def test_answers_come_in_order_and_the_last_stays(play):
    """The baseline and three polls: one false answer for the baseline, one for a poll, then it holds."""
    check = "[{outputs: {holds: false}}, {outputs: {holds: false}}, {outputs: {holds: true}}]"
    assert play(DOWN, restarts("{outputs: {status: 200}}", check), "{status: succeeded, ended: 10s}") == ""


def test_an_answer_can_stand_for_several_calls(play):
    check = "[{times: 4, outputs: {holds: false}}, {outputs: {holds: true}}]"
    assert play(DOWN, restarts("{outputs: {status: 200}}", check), "{status: succeeded, ended: 30s}") == ""


def test_an_answer_can_stand_for_a_time(play):
    check = "[{until: 25s, outputs: {holds: false}}, {from: 25s, outputs: {holds: true}}]"
    assert play(DOWN, restarts("{outputs: {status: 200}}", check), "{status: succeeded, ended: 30s}") == ""


def test_used_up_is_used_up(play):
    check = "{times: 1, outputs: {holds: false}}"
    assert 'no answer: step "check1"' in play(DOWN, restarts("{outputs: {status: 200}}", check), "{status: escalated}")


def test_an_answer_can_be_for_some_arguments_and_targets_only(play):
    restart = (
        '[{arguments: {method: POST}, fails: "no"}, {target: host/shop, fails: "no"},'
        ' {arguments: {method: PUT}, target: host/web, outputs: {status: 200}}]'
    )
    assert play(DOWN, restarts(restart), "{status: succeeded}") == ""


def test_a_temporary_failure_is_tried_again(play):
    health = '[{fails: "503", kind: temporary}, {outputs: {holds: false}}]'
    assert play(DOWN, restarts("{outputs: {status: 200}}", health=health), "{status: succeeded}") == ""


def test_a_permanent_one_is_not(play):
    restart = '[{fails: "403 forbidden"}, {outputs: {status: 200}}]'
    expected = "{steps: [{http.request: {}, outcome: failed}], status: escalated, reason: 403 forbidden}"
    assert play(DOWN, restarts(restart), expected) == ""


def test_a_change_that_hangs_takes_its_step_s_time(play):
    health = "{hangs: true}"
    assert play(DOWN, restarts("{outputs: {status: 200}}", health=health), "{status: escalated, ended: 30s}") == ""


@pytest.mark.parametrize(("happened", "status"), [("", "failed"), (", happened: false", "failed"), (", happened: true", "succeeded")])
def test_an_ambiguous_change_is_asked_after(play, happened, status):
    answers = (
        f"{{scale: {{fails: the connection broke, kind: ambiguous, resolved: {{by: null, replicas: 6}}{happened}}},"
        " check1: [{changed: false, outputs: {holds: false}}, {changed: true, outputs: {holds: true}}]}"
    )
    assert play(BUSY, answers, f"{{rule: scale, status: {status}}}") == ""


def test_what_is_relative_becomes_what_the_answer_says(play):
    answers = (
        "{scale: {outputs: {replicas: 6, before: 4, changed: true}, resolved: {by: null, replicas: 6}, before: {replicas: 4}},"
        " check1: [{changed: false, outputs: {holds: false}}, {changed: true, outputs: {holds: true}}]}"
    )
    assert play(BUSY, answers, "{steps: [{kubernetes.scale: {replicas: 6}}], status: succeeded}") == ""


def test_what_is_undone_is_a_step_too(play):
    answers = (
        "{scale: {outputs: {replicas: 6, before: 4, changed: true}, resolved: {by: null, replicas: 6}, before: {replicas: 4}},"
        " check1: {outputs: {holds: false}}}"
    )
    expected = "{steps: [{kubernetes.scale: {replicas: 6}}, {kubernetes.scale: {}, undo: true}], status: undone}"
    assert play(BUSY, answers, expected) == ""


def test_outputs_that_a_step_cannot_have_are_said_with_their_place(play):
    said = play(DOWN, restarts("{outputs: {status: fine}}"), "{status: succeeded}")
    assert "pack_test.yaml:5" in said
    assert "a whole number is needed" in said


def test_an_alert_is_resent_until_it_resolves(play):
    """Held by the throttle, resent each minute, resolved: none of the resends starts a run."""
    alerts = (
        "[{labels: {alertname: Down, service: web}, every: 1m}, {at: 10m, labels: {alertname: Down, service: web}, state: resolved}]"
    )
    expected = "{status: escalated}"
    said = play(alerts, restarts("{outputs: {status: 200}}", "{outputs: {holds: false}}"), expected)
    assert said == ""


def test_a_run_that_waited_asks_whether_the_alert_still_fires(play):
    slow = "{labels: {alertname: Slow, service: web}"
    said = play(f"[{slow}}}, {{at: 1m, {slow[1:]}, state: inhibited}}]", restarts("{outputs: {status: 200}}"),
                "{status: cancelled, reason: inhibited, steps: []}")  # fmt: skip
    assert said == ""


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("    until: 1m\n    approvals: [{at: 2m}]\n", "over at 1m"),
        ("    until: 10s\n    pauses: [{at: 11s}]\n", "over at 10s"),
        ("    start: yesterday\n", "yesterday"),
        ("    settings: {allow: {targets: []}}\n", "allow.targets is empty"),
    ],
)
def test_a_timeline_that_cannot_be_is_said_at_once(play, more, why):
    assert why in play(DOWN, "{}", "{}", more)


def test_resending_needs_an_end(play):
    assert "resent for ever" in play("[{labels: {alertname: Down, service: web}, every: 1m}]", "{}", "{}")
