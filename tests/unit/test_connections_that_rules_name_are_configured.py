import pytest

from remediator.actions import registry
from remediator.core.alert import Alert
from remediator.core.plan import Plan, Refusal, bind
from remediator.errors import ConfigurationError
from remediator.interfaces.rule_files import load_rules

CONFIGURED = {"kubernetes": {"eu": 1, "us": 1}, "prometheus": {"default": 1}, "http": {"shop": 1}, "command": {"mend": 1}}
RULES = """
rules:
  - name: one
    match: MATCH
    guide: restart
    mode: auto
    with: {cluster: "WITH"}
guides:
  unused:
    summary: nobody names it
    target: http/x
    diagnose:
      - {id: a, prometheus.query: {query: up, connection: nowhere, above: 0}}
  restart:
    summary: it hangs
    parameters: {cluster: {}}
    target: kubernetes/{{ params.cluster }}/shop/deployment/web
    diagnose:
      - {id: look, DIAGNOSE}
    remedies:
      - name: restart
        steps:
          - kubernetes.rollout_restart: {kind: deployment, name: web, namespace: shop, connection: "{{ params.cluster }}"}
"""
LOOK = "http.probe: {connection: shop, path: /}"


def load(tmp_path, *, diagnose=LOOK, match="alertname = Hung", configured=CONFIGURED, **with_):
    value = with_.get("cluster", "{{ labels.cluster }}")
    text = RULES.replace("DIAGNOSE", diagnose).replace("WITH", value).replace("MATCH", f"'{match}'")
    (tmp_path / "rules.yaml").write_text(text)
    return load_rules(["rules.yaml"], tmp_path, configured).table


def problems(tmp_path, **more):
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, **more)
    return caught.value.problems


def test_those_that_are(tmp_path):
    assert load(tmp_path).rules
    assert load(tmp_path, cluster="eu").rules


def test_without_a_configuration_nothing_is_known(tmp_path):
    assert load(tmp_path, cluster="asia", configured=None).rules


@pytest.mark.parametrize(
    ("diagnose", "said", "hint"),
    [
        ("http.probe: {connection: shap, path: /}", 'no http connection "shap"', 'did you mean "shop"?'),
        ("command.check: {command: rm}", 'no command connection "rm"', "known here: mend"),
        ("alertmanager.alerts: {labels: {a: b}}", 'no alertmanager connection "default"', "under connections.alertmanager"),
        ("kubernetes.events: {namespace: shop}", 'no kubernetes connection "default" is configured, the default', "known here: eu, us"),
        ("prometheus.query: {query: up, above: 0, connection: nowhere}", 'no prometheus connection "nowhere"', "default"),
    ],
)  # fmt: skip
def test_a_literal_one_that_is_not_is_an_error_at_its_place(tmp_path, diagnose, said, hint):
    (problem,) = problems(tmp_path, diagnose=diagnose)
    assert said in problem.message
    assert hint in problem.hint
    line = (tmp_path / "rules.yaml").read_text().splitlines()[problem.line - 1]
    assert diagnose in line
    assert line[problem.column - 1 :].startswith(("shap", "rm", "nowhere", diagnose.partition(":")[0]))


def test_one_that_a_rule_hands_over_is_an_error_too(tmp_path):
    (problem,) = problems(tmp_path, cluster="asia")
    assert problem.message == 'no kubernetes connection "asia" is configured (rule "one")'


def test_one_that_a_matcher_fixes_is_an_error_too(tmp_path):
    (problem,) = problems(tmp_path, match='{alertname="Hung", cluster="asia"}')
    assert 'no kubernetes connection "asia"' in problem.message


def test_an_address_needs_no_connection(tmp_path):
    assert load(tmp_path, diagnose='http.probe: {url: "http://127.0.0.1:9/"}').rules


def planned(table, **labels):
    alert = Alert("f", firing=True, labels={"alertname": "Hung", **labels}, annotations={}, starts_at=0, ends_at=None)
    return bind(table.rules[0], alert, registry.find)


@pytest.mark.parametrize("cluster", ["eu", "us"])
def test_a_label_chooses_among_them(tmp_path, cluster):
    plan = planned(load(tmp_path), cluster=cluster)
    assert isinstance(plan, Plan)
    assert plan.locks == (f"kubernetes/{cluster}/shop/deployment/web",)
    assert plan.backends == (f"kubernetes/{cluster}",)  # its own breaker and limits


@pytest.mark.parametrize("cluster", ["asia", "default", "", "eu/../us", "EU", "eu\n", "x" * 10_000])
def test_and_nothing_else(tmp_path, cluster):
    refusal = planned(load(tmp_path), cluster=cluster)
    assert isinstance(refusal, Refusal)
    assert refusal.guard == "connection"
    assert 'step "do1_1": there is no kubernetes connection' in refusal.reason
    assert len(refusal.reason) < 300


def test_a_label_that_is_not_there_refuses(tmp_path):
    refusal = planned(load(tmp_path))
    assert isinstance(refusal, Refusal)
    assert "cluster" in refusal.reason
