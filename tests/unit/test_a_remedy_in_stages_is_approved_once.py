"""A remedy in stages: what waits for an earlier stage is said so, and what our own stages moved is no drift."""

import pytest

from remediator.rehearsal.session import Session

RULES = """\
rules:
  - {name: back, match: alertname = "Down", guide: back, mode: ask}
guides:
  back:
    summary: It is stopped and started
    target: kubernetes/default/shop
    remedies:
      - name: by stages
        steps:
          - {id: stop, kubernetes.scale_all: {namespace: shop, replicas: 0}}
          - {id: one, kubernetes.scale: {kind: deployment, namespace: shop, name: web, replicas: 1}}
          - {id: rest, kubernetes.scale_all: {namespace: shop, counts: "{{ steps.stop.counts }}"}}
"""
TESTS = """\
rule_files: [back.yaml]
answers:
  stop: {{outputs: {{workloads: 1, changed: 1, counts: {{deployment/web: 4}}}}}}
  rest: {{outputs: {{workloads: 1, changed: 1, counts: {{deployment/web: 1}}}}}}
  one:
    - {{phase: preview, outputs: {{replicas: 1, before: 4, changed: true}}, before: {{replicas: 4}}}}
    - {{outputs: {{replicas: 1, before: 0, changed: true}}, before: {{replicas: 0}}}}
tests:
  - name: it comes back
    alerts: [{{labels: {{alertname: Down}}}}]
    approvals: [{{at: 1m, by: anna, do: {do}}}]
    expect: {{runs: [{expect}]}}
"""


@pytest.fixture
def judged(tmp_path):
    def judged(expect, rules=RULES, do="approve"):
        (tmp_path / "back.yaml").write_text(rules)
        (tmp_path / "back_test.yaml").write_text(TESTS.format(expect=expect, do=do))
        said = []
        session = Session()
        session.run([tmp_path / "back_test.yaml"], said.append)
        return session.failed, "\n".join(map(str, said))

    return judged


def test_all_stages_are_done_after_one_approval(judged):
    steps = "[{kubernetes.scale_all: {replicas: 0}}, {kubernetes.scale: {replicas: 1}}, {kubernetes.scale_all: {counts: {deployment/web: 4}}}]"
    failed, said = judged(f"{{steps: {steps}, status: unverified}}")
    assert not failed, said


def test_what_waits_for_an_earlier_stage_says_so(judged):
    failed, said = judged("{steps: [], status: refused, report: ['what exactly is known once stop is done']}", do="refuse")
    assert not failed, said


def test_what_somebody_else_moved_is_not_changed(judged):
    lines = RULES.splitlines()
    stop, one = lines[9:11]
    failed, said = judged("{status: failed, reason: ['no longer what was shown']}", "\n".join([*lines[:9], one, stop, lines[11]]))
    assert not failed, said
