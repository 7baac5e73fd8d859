"""What is wrong with one part hides nothing of the others, and what only follows from it is not told."""

from pathlib import Path

import pytest

from remediator.errors import ConfigurationError
from remediator.interfaces.rule_files import load_rules

FOLDER = Path(__file__).parents[1] / "data/wrong_rules"
CONFIGURED = {"prometheus": {"default": 1}, "kubernetes": {"eu": 1}}
GUIDE = "{summary: s, target: http/x}"


def told(root, *patterns):
    with pytest.raises(ConfigurationError) as caught:
        load_rules(patterns or ["*.yaml"], root, CONFIGURED)
    return caught.value


def lines(root, **files):
    for name, text in files.items():
        (root / f"{name}.yaml").write_text(text)
    return [problem.message for problem in told(root).problems]


def test_as_in_the_golden():
    """Errors of shape do not hide unknown guides, actions, connections, parameters, names, intervals, matchers."""
    assert str(told(FOLDER, "many.yaml")) + "\n" == (FOLDER / "many.txt").read_text()


@pytest.mark.parametrize(
    ("text", "only"),
    [
        (f"rules: [{{name: r, match: 'a=b', guide: g}}]\nguidez: {{g: {GUIDE}}}", 'unknown key "guidez"'),
        (f"pack: 5\nrules: [{{name: r, match: 'a=b', guide: p/g}}]\nguides: {{g: {GUIDE}}}", None),
        (f"include: [gone.yaml]\nrules: [{{name: r, match: 'a=b', guide: h}}]\nguides: {{g: {GUIDE}}}", None),
        ("rules: [{name: r, match: 'a=b', guide: g, wiht: {p: 1}}]\n"
         "guides: {g: {summary: s, target: http/x, parameters: {p: {}}}}", 'unknown key "wiht"'),
        ("rules: [{name: r, match: 'a=b', guide: g, with: {pp: 1}}]\n"
         "guides: {g: {summary: s, target: http/x, parameters: {p: {}}}}", 'the guide "g" has no parameter "pp"'),
        ("rules: [{name: r, match: 'a=b', guide: g, with: {p: 1}}]\n"
         "guides: {g: {summary: s, target: 'http/{{ params.p }}', paramaters: {p: {}}}}", 'unknown key "paramaters"'),
        ("rules: [{name: r, match: 'a=b', guide: g, active_time_intervals: [office]}]\n"
         f"guides: {{g: {GUIDE}}}\ntime_interval: []", 'unknown key "time_interval"'),
        ("guides: {g: {summary: s, target: http/x, diagnose: [{idd: a, prometheus.query: {query: up, above: 0}}],\n"
         "  remedies: [{name: r, when: steps.a.value > 1, steps: [{http.probe: {url: 'http://x/'}}]}]}}",
         "a step names exactly one action, such as http.probe; this one names idd, prometheus.query"),
        ("guides: {g: {summary: s, target: http/x, diagnose: [{id: a, prometheus.qery: {query: up}}],\n"
         "  remedies: [{name: r, when: steps.a.value > 1, steps: [{http.probe: {url: 'http://x/'}}]}]}}",
         'there is no action "prometheus.qery"'),
    ],
)  # fmt: skip
def test_what_follows_from_an_error_is_not_told(tmp_path, text, only):
    found = lines(tmp_path, a=text)
    assert len(found) == 1
    assert only in (None, found[0])


def test_who_names_a_guide_of_a_file_that_cannot_be_read_is_not_blamed(tmp_path):
    found = lines(tmp_path, a="guides: {g: [", b="rules: [{name: r, match: 'a ~', guide: g}]")
    assert len(found) == 2
    assert not any("no guide" in message for message in found)


def test_errors_come_in_the_order_of_the_files(tmp_path):
    lines(tmp_path, a="rules: [{name: r, match: 'a=b', guide: h}]", b=f"guides: {{g: {GUIDE}, g2: {{summary: s}}}}")
    places = [(problem.file, problem.line) for problem in told(tmp_path, "b.yaml", "a.yaml").problems]
    assert places == [("b.yaml", 1), ("a.yaml", 1)]


@pytest.mark.parametrize("rule", ["", "text", "[]", "5", "{match: }"])
def test_what_is_no_rule_at_all_hides_nothing(tmp_path, rule):
    found = lines(tmp_path, a=f"rules:\n  - {rule}\n  - {{name: r, match: 'a=b', guide: h}}")
    assert 'there is no guide "h"' in found
    assert len(found) > 1


BROKEN = """
rules: [{{name: r, match: 'a=b', guide: g, with: {{p: {value}}}}}]
guides:
  g:
    summary: s
    parameters: {{p: {{type: string}}}}
    target: http/{{{{ params.p }}}}
    diagnose:
      - id: w
        kubernetes.describe_workload: {{connection: {connection}, kind: deployment, name: {name}, namespace: n}}
"""


@pytest.mark.parametrize(
    ("value", "name", "connection"),
    [
        ("'{{ labels.x'", "'{{ params.p }}'", "us"),
        ("x", "'{{ params.p'", "us"),
        ("x", "'{{ params.p + }}'", "us"),
        ("x", "n", "'{{ labels.x'"),
    ],
)
def test_a_broken_template_hides_no_connection(tmp_path, value, name, connection):
    found = lines(tmp_path, a=BROKEN.format(value=value, name=name, connection=connection))
    assert any("never closed" in message or "ends too early" in message for message in found)
    assert ('no kubernetes connection "us" is configured' in " ".join(found)) == (connection == "us")
