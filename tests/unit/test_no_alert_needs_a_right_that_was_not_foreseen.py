from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from fakes.small_site import table_of
from hypothesis import given
from hypothesis import strategies as st

from remediator.actions import registry
from remediator.core.access import Given, needs_of
from remediator.core.alert import Alert
from remediator.core.foresight import connection_of, steps_of
from remediator.core.plan import Plan, bind, validated
from remediator.errors import RenderError

VALUES = {
    "namespace": ("shop", "pay", "team-a", "kube-system", "team-web"), "kind": ("deployment", "statefulset", "node"),
    "of": ("deployment", "statefulset", "daemonset", "pod"),
    "cluster": ("eu", "us"), "service": ("web", "a"), "n": ("1", "+2"),
}  # fmt: skip
TEXT = """
rules:
  - {name: one, match: 'namespace =~ "shop|pay|team-a"', guide: g, mode: auto, continue: true,
     with: {namespace: "{{ labels.namespace }}", kind: "{{ labels.kind }}"}}
  - {name: two, match: 'cluster = "eu"', guide: g, mode: auto, with: {namespace: "team-{{ labels.service }}", kind: deployment}}
guides:
  g:
    summary: s
    parameters: {namespace: {}, kind: {one_of: [deployment, statefulset]}, by: {default: "+1"}}
    target: kubernetes/{{ labels.cluster }}/{{ params.namespace }}/{{ params.kind }}/{{ labels.service }}
    diagnose:
      - {id: l, kubernetes.logs: {kind: "{{ labels.of }}", name: "{{ labels.service }}", namespace: "{{ labels.namespace }}", connection: "{{ labels.cluster }}"}}
      - {id: e, kubernetes.events: {namespace: "{{ labels.namespace }}", connection: eu}}
    remedies:
      - name: r
        steps:
          - kubernetes.scale: {kind: "{{ params.kind }}", name: "{{ labels.service }}", namespace: "{{ params.namespace }}", by: "{{ labels.n }}", connection: "{{ labels.cluster }}"}
          - kubernetes.rollout_restart: {kind: "{{ params.kind }}", name: "{{ labels.service }}", namespace: "{{ params.namespace }}", connection: "{{ labels.cluster }}"}
"""
GIVEN = Given(("shop", "pay", "team-a", "kube-system", "team-web"), (), ("eu", "us"))
with TemporaryDirectory() as folder:
    RULES = table_of(TEXT, Path(folder)).rules
NEEDS, GAPS = needs_of(RULES, registry.find, "kubernetes", GIVEN)
FORESEEN = {(need.place.rule, need.connection, need.permission) for need in NEEDS}


def used(rule, labels):
    """Yield what an alert with these labels makes the rule's steps need."""
    alert = Alert("f", firing=True, labels=labels, annotations={}, starts_at=0, ends_at=None)
    if not all(matcher.matches(labels) for matcher in rule.matchers):
        return
    plan = bind(rule, alert, registry.find)
    if not isinstance(plan, Plan):
        return
    for _, step, _ in steps_of(rule):
        action = registry.find(step.action)
        try:
            p = validated(action, step, {"labels": labels, "params": plan.params})
        except RenderError:
            continue
        ((_, _, connection),) = connection_of(action, p)
        for permission in action.permissions(p):
            yield rule.name, connection, permission


def within(needed):
    return needed[2].namespace in GIVEN.namespaces


@given(st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()}))
def test_within_the_namespaces_that_were_given(labels):
    for rule in RULES:
        for needed in used(rule, {"alertname": "X", **labels}):
            assert needed in FORESEEN or not within(needed)


def test_and_each_right_that_was_foreseen_is_needed_by_some_alert():
    assert not GAPS
    needed = set()
    for values in product(*VALUES.values()):
        for rule in RULES:
            needed |= set(used(rule, {"alertname": "X", **dict(zip(VALUES, values, strict=True))}))
    assert {each for each in needed if within(each)} == FORESEEN
