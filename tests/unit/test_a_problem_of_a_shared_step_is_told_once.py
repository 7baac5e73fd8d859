"""A step that an alias repeats stands at one place, and what is wrong with it is told once."""

import pytest

from remediator.errors import ConfigurationError
from remediator.interfaces.rule_files import load_rules

RULES = """
rules:
  - {name: a, match: alertname = "A", guide: one, with: {cluster: eu}}
  - {name: b, match: alertname = "B", guide: two, with: {cluster: eu}}
guides:
  one:
    summary: s
    parameters: {cluster: {}}
    target: kubernetes/x
    diagnose:
      - &look {kubernetes.events: {namespace: shop, connection: default}}
      - *look
  two:
    summary: s
    parameters: {cluster: {}}
    target: kubernetes/x
    diagnose:
      - *look
"""


def test_however_many_guides_use_it(tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES)
    with pytest.raises(ConfigurationError) as caught:
        load_rules(["rules.yaml"], tmp_path, {})
    (problem,) = caught.value.problems
    assert problem.message == 'no kubernetes connection "default" is configured'
    assert (problem.line, problem.file) == (11, "rules.yaml")


def test_however_many_rules_lead_to_it(tmp_path):
    text = RULES.replace("connection: default", 'connection: "{{ params.cluster }}"')
    (tmp_path / "rules.yaml").write_text(text.replace("guide: two", "guide: one"))
    with pytest.raises(ConfigurationError) as caught:
        load_rules(["rules.yaml"], tmp_path, {})
    (problem,) = caught.value.problems
    assert problem.message == 'no kubernetes connection "eu" is configured (rule "a" and 1 more)'
