"""A yes is for one remedy: the next one that asks is done after its own yes, and not before."""

from fakes.forking import run

RULES = """
rules:
  - {name: down, match: alertname = "Down", guide: down, mode: ask}
guides:
  down:
    summary: it is down
    target: host/web
    remedies:
      - name: first
        steps: [{http.request: {url: "http://web.example.com/first"}}]
      - name: second
        steps: [{http.request: {url: "http://web.example.com/second"}}]
    verify:
      within: 1m
      all: [{id: well, http.probe: {url: "http://web.example.com/health"}}]
    escalate: sev-2
"""
TESTS = """
rule_files: [rules.yaml]
answers:
  well: {outputs: {holds: false, reason: it is down}}
  http.request: {outputs: {status: 200}}
tests:
  - name: two of them
    alerts: [{labels: {alertname: Down}}]
    approvals: [{at: 1m}, {at: 10m}]
    expect:
      runs:
        - remedies: [first, second]
          steps:
            - {at: 1m, http.request: {url: "http://web.example.com/first"}}
            - {at: 10m, http.request: {url: "http://web.example.com/second"}}
          status: escalated
          reason: ['"second" did not help']
  - name: one of them
    alerts: [{labels: {alertname: Down}}]
    approvals: [{at: 1m}]
    until: 30m
    expect:
      runs:
        - steps:
            - {at: 1m, http.request: {url: "http://web.example.com/first"}}
          status: awaiting_approval
"""


def test_each_remedy_has_a_yes_of_its_own(tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "rules_test.yaml").write_text(TESTS)
    done = run("test", tmp_path, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
