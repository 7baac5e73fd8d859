import pytest
from fakes.small_site import table_of

from remediator.actions import registry
from remediator.core.access import Given, needs_of
from remediator.core.action import Permission

GUIDE = """
guides:
  restart:
    summary: it hangs
    parameters: {namespace: {}, kind: {default: deployment}, cluster: {default: default}}
    target: kubernetes/{{ params.cluster }}/{{ params.namespace }}/{{ params.kind }}/web
    remedies:
      - name: restart
        mode: MODE
        steps:
          - kubernetes.rollout_restart:
              {kind: "{{ params.kind }}", name: "{{ labels.service }}", namespace: "NS", connection: "{{ params.cluster }}"}
rules:
  - {name: one, match: MATCH, guide: restart, mode: auto, with: WITH}
"""


def asked(tmp_path, *, match="alertname=Hung", given=None, mode="auto", ns="{{ params.namespace }}", **with_):
    shown = "{" + ", ".join(f'{name}: "{value}"' for name, value in with_.items()) + "}"
    text = GUIDE.replace("WITH", shown).replace("MATCH", f"'{match}'").replace("MODE", mode).replace("NS", ns)
    rules = table_of(text, tmp_path).rules
    return needs_of(rules, registry.find, "kubernetes", given or Given())


def rights(found):
    needs, gaps = found
    assert not gaps, [str(gap) for gap in gaps]
    return {(need.connection, need.permission) for need in needs}


def on(namespace, kind="deployments", connection="default", verbs=("get", "patch")):
    return {(connection, Permission(verb, kind, namespace, "apps")) for verb in verbs}


def test_a_literal_parameter_is_followed_into_the_guide(tmp_path):
    assert rights(asked(tmp_path, namespace="shop")) == on("shop")


def test_a_matcher_that_fixes_a_label_fixes_what_hangs_on_it(tmp_path):
    found = asked(tmp_path, match='{namespace="shop"}', namespace="{{ labels.namespace }}")
    assert rights(found) == on("shop")


def test_alternatives_of_a_matcher_are_each_looked_at(tmp_path):
    found = asked(tmp_path, match='{namespace=~"shop|pay"}', namespace="{{ labels.namespace }}")
    assert rights(found) == on("shop") | on("pay")


@pytest.mark.parametrize("regex", ["sh.p", "shop|.*", ".+", "shop|(pay)", "!~shop"])
def test_any_other_matcher_fixes_nothing(tmp_path, regex):
    match = '{namespace!~"shop"}' if regex == "!~shop" else f'{{namespace=~"{regex}"}}'
    _, gaps = asked(tmp_path, match=match, namespace="{{ labels.namespace }}")
    assert gaps


def test_two_matchers_on_a_label_narrow_it_together(tmp_path):
    found = asked(tmp_path, match='{namespace=~"shop|pay", namespace!="pay"}', namespace="{{ labels.namespace }}")
    assert rights(found) == on("shop")


def test_a_namespace_that_only_an_alert_tells_is_asked_for(tmp_path):
    needs, (gap,) = asked(tmp_path, namespace="{{ labels.namespace }}")
    assert not needs
    assert str(gap) == (
        'rule "one", guide "restart", step "do1_1" (kubernetes.rollout_restart): namespace: {{ params.namespace }} '
        "is not known before an alert comes; say which with --namespace"
    )


def test_what_is_given_is_taken_and_nothing_beside_it(tmp_path):
    found = asked(tmp_path, namespace="{{ labels.namespace }}", given=Given(namespaces=("a", "b")))
    assert rights(found) == on("a") | on("b")


def test_what_is_given_must_fit_the_literal_part(tmp_path):
    given = Given(namespaces=("team-a", "other"))
    found = asked(tmp_path, ns="team-{{ labels.team }}", namespace="x", given=given)
    assert rights(found) == on("team-a")
    _, (gap,) = asked(tmp_path, ns="team-{{ labels.team }}", namespace="x", given=Given(namespaces=("other",)))
    assert "none of those given fits" in str(gap)


def test_a_literal_namespace_takes_no_notice_of_what_is_given(tmp_path):
    assert rights(asked(tmp_path, namespace="shop", given=Given(namespaces=("a",)))) == on("shop")


def test_a_kind_that_only_an_alert_tells_may_be_each_of_them(tmp_path):
    found = asked(tmp_path, namespace="shop", kind="{{ labels.kind }}")
    assert rights(found) == on("shop") | on("shop", "statefulsets") | on("shop", "daemonsets")


def test_a_connection_that_only_an_alert_tells_is_asked_for(tmp_path):
    _, (gap,) = asked(tmp_path, namespace="shop", cluster="{{ labels.cluster }}")
    assert "--connection" in str(gap)
    found = asked(tmp_path, namespace="shop", cluster="{{ labels.cluster }}", given=Given(connections=("eu",)))
    assert rights(found) == on("shop", connection="eu")


def test_who_only_observes_needs_the_verb_of_the_dry_run(tmp_path):
    assert rights(asked(tmp_path, namespace="shop", mode="observe")) == on("shop")


def test_unless_previews_are_given_up(tmp_path):
    found = asked(tmp_path, namespace="shop", given=Given(reads_only=True))
    assert rights(found) == on("shop", verbs=("get",))


def test_the_flow_of_other_fields_does_not_matter(tmp_path):
    text = """
guides:
  grow:
    summary: full
    target: kubernetes/default/shop/deployment/web
    diagnose:
      - {id: e, kubernetes.events: {namespace: shop, since: "{{ labels.since }}", newest: "{{ labels.n }}"}}
    remedies:
      - name: grow
        steps:
          - kubernetes.scale: {kind: deployment, name: web, namespace: shop, by: "{{ labels.by }}", max: "{{ labels.n }}", min: 2}
    verify:
      all:
        - kubernetes.rollout_status: {kind: deployment, name: web, namespace: shop, wait: "{{ labels.wait }}"}
rules:
  - {name: one, match: alertname=Full, guide: grow, mode: auto}
"""
    found = rights(needs_of(table_of(text, tmp_path).rules, registry.find, "kubernetes", Given()))
    assert {(right.verb, right.resource) for _, right in found} == {
        ("list", "events"), ("get", "deployments/scale"), ("patch", "deployments/scale"),
        ("list", "horizontalpodautoscalers"), ("list", "resourcequotas"), ("get", "deployments"),
    }  # fmt: skip
