"""A remedy that only waits or looks has helped nothing: what holds after it has recovered by itself."""

import pytest

from remediator.rehearsal.session import Session

RULES = """\
rules:
  - {name: back, match: alertname = "Down", guide: back, mode: auto, limits: {cooldown: 30m, repeats: {max: 1, per: 1d}}}
guides:
  back:
    summary: Its breaker is open
    target: http/shop
    remedies:
      - name: wait for the breaker
        steps: [{id: gate, http.probe: {url: "http://shop:8080/breaker"}}]
      - name: restart it
        steps: [{http.request: {url: "http://shop:8080/restart", method: PUT}}]
    verify:
      within: 1m
      all: [{id: well, http.probe: {url: "http://shop:8080/health"}}]
    escalate: sev-2
"""
TESTS = """\
rule_files: [back.yaml]
answers:
  http.request: {{outputs: {{status: 200}}}}
  gate: {{outputs: {{holds: true}}}}
  well: {well}
tests:
  - name: it comes back
    alerts: {alerts}
    expect: {{runs: {runs}}}
"""
ONE = "[{labels: {alertname: Down}}]"


@pytest.fixture
def judged(tmp_path):
    def judged(**parts):
        (tmp_path / "back.yaml").write_text(RULES)
        (tmp_path / "back_test.yaml").write_text(TESTS.format(**parts))
        said = []
        session = Session()
        session.run([tmp_path / "back_test.yaml"], said.append)
        return session.failed, "\n".join(map(str, said))

    return judged


def test_it_has_recovered_by_itself(judged):
    well = "[{times: 1, outputs: {holds: false}}, {outputs: {holds: true}}]"
    runs = "[{status: recovered_itself, reason: [only looked, nothing was changed], report: ['nobody is needed; nothing was changed']}]"
    failed, said = judged(well=well, alerts=ONE, runs=runs)
    assert not failed, said


def test_no_cooldown_begins_and_no_repeat_is_counted(judged):
    well = "[{times: 1, outputs: {holds: false}}, {times: 1, outputs: {holds: true}}, {times: 1, outputs: {holds: false}}, {outputs: {holds: true}}]"
    alerts = "[{labels: {alertname: Down}}, {labels: {alertname: Down, again: yes}, at: 5m}]"
    failed, said = judged(well=well, alerts=alerts, runs="[{status: recovered_itself}, {status: recovered_itself}]")
    assert not failed, said


def test_after_a_change_that_counts(judged):
    well = "[{changed: false, outputs: {holds: false}}, {changed: true, outputs: {holds: true}}]"
    runs = "[{remedies: [wait for the breaker, restart it], status: succeeded, reason: ['\"restart it\" helped']}]"
    failed, said = judged(well=well, alerts=ONE, runs=runs)
    assert not failed, said
