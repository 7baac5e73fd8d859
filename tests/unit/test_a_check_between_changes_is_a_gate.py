"""A check among a remedy's steps: the next change is made once it holds, and never while it does not."""

from remediator.rehearsal.session import Session

RULES = """\
rules:
  - {name: back, match: alertname = "Down", guide: back, mode: auto, limits: {cooldown: 5m}}
guides:
  back:
    summary: It comes back by steps
    target: http/shop
    remedies:
      - name: step by step
        steps:
          - {id: first, http.request: {url: "http://shop:8080/first", method: PUT}}
          - {id: gate, attempts: 4, http.probe: {url: "http://shop:8080/health"}}
          - {id: second, http.request: {url: "http://shop:8080/second", method: PUT}}
    verify:
      within: 1m
      all: [{id: well, http.probe: {url: "http://shop:8080/health"}}]
    escalate: sev-2
"""
TESTS = """\
rule_files: [back.yaml]
answers:
  http.request: {{outputs: {{status: 200}}}}
  gate: {gate}
  well: [{{changed: false, outputs: {{holds: false}}}}, {{changed: true, outputs: {{holds: {well}}}}}]
tests:
  - name: it comes back
    alerts: [{{labels: {{alertname: Down}}}}]
    expect: {{exact: true, runs: [{expect}]}}
"""
FIRST, SECOND = (f'{{http.request: {{url: "http://shop:8080/{name}", method: PUT}}}}' for name in ("first", "second"))
GATE = 'http.probe: {url: "http://shop:8080/health"}'


def judged(tmp_path, gate, expect, well="true"):
    (tmp_path / "back.yaml").write_text(RULES)
    (tmp_path / "back_test.yaml").write_text(TESTS.format(gate=gate, well=well, expect=expect))
    said = []
    session = Session()
    session.run([tmp_path / "back_test.yaml"], said.append)
    return session.failed, "\n".join(map(str, said))


def test_what_does_not_hold_ends_the_remedy(tmp_path):
    gate = "{outputs: {holds: false, reason: it answered 503}}"
    why = "reason: ['http.probe failed: does not hold: it answered 503']"
    expect = f"{{steps: [{FIRST}, {{{GATE}, outcome: failed}}], status: escalated, {why}}}"
    failed, said = judged(tmp_path, gate, expect, well="false")
    assert not failed, said


def test_it_is_asked_again_until_it_holds(tmp_path):
    gate = "[{times: 3, outputs: {holds: false}}, {outputs: {holds: true}}]"
    failed, said = judged(tmp_path, gate, f"{{steps: [{FIRST}, {{{GATE}}}, {SECOND}], status: succeeded}}")
    assert not failed, said


def test_it_is_asked_no_more_often_than_it_says(tmp_path):
    gate = "[{times: 4, outputs: {holds: false, reason: no}}, {outputs: {holds: true}}]"
    failed, said = judged(tmp_path, gate, f"{{steps: [{FIRST}, {{{GATE}, outcome: failed}}], status: escalated}}", well="false")
    assert not failed, said
