import pytest

from remediator.core.guide import RuleFileText
from remediator.errors import ConfigurationError
from remediator.interfaces.documents import read_document, validate

TEXT = """\
rules:
  - name: gateway-latency
    match:
      - alertname = "HighLatency"
      - 5
    giude: high-latency
    mode: atuo
    limits:
      throttle: {max: "x", per: 1x}
    continue: maybe
    runbook_url: 1.10
  - name: b
    match: foo
    guide:
    with: [1]
  - match: {a: b}
    limits: 5
    approval_timeout: 0
guides:
  "-bad":
    summary: x
    target: y
  high:
    summary: ""
    target: y
    remedies:
      - name: scale
        steps: []
    verify:
      within: 5m
    undo: Never
  low: "true"
"""

TOLD = """\
rules/a.yaml:5:9: error: text is needed, got the number 5
          - 5
            ^
    put it in quotes: "5"
rules/a.yaml:6:5: error: unknown key "giude"
        giude: high-latency
        ^
    did you mean "guide"?
rules/a.yaml:7:11: error: must be one of observe, ask, auto; got "atuo"
        mode: atuo
              ^
    did you mean "auto"?
rules/a.yaml:9:23: error: a whole number is needed, got text "x"
          throttle: {max: "x", per: 1x}
                          ^
rules/a.yaml:9:33: error: "1x" is not a duration; write "30s", "5m", "1h30m"
          throttle: {max: "x", per: 1x}
                                    ^
rules/a.yaml:10:15: error: true or false is needed, got text "maybe"
        continue: maybe
                  ^
rules/a.yaml:11:18: error: text is needed, got the number 1.10
        runbook_url: 1.10
                     ^
    put it in quotes: "1.10"
rules/a.yaml:14:5: error: text is needed, got nothing
        guide:
        ^
rules/a.yaml:15:11: error: a mapping (key: value) is needed, got a list
        with: [1]
              ^
rules/a.yaml:16:5: error: "name" is missing
      - match: {a: b}
        ^
rules/a.yaml:16:5: error: "guide" is missing
      - match: {a: b}
        ^
rules/a.yaml:16:12: error: a list is needed, got a mapping
      - match: {a: b}
               ^
rules/a.yaml:17:13: error: a mapping (key: value) is needed, got the number 5
        limits: 5
                ^
rules/a.yaml:18:23: error: must be more than 0, got the number 0
        approval_timeout: 0
                          ^
rules/a.yaml:20:3: error: must have the form ^[A-Za-z0-9][A-Za-z0-9 _./-]*$, got text "-bad"
      "-bad":
      ^
rules/a.yaml:24:14: error: the text is too short: 1 or more characters are needed
        summary: ""
                 ^
rules/a.yaml:28:16: error: not enough stands here: 1 or more are needed, got 0
            steps: []
                   ^
rules/a.yaml:29:5: error: verify takes conditions under one of: all, any
        verify:
        ^
rules/a.yaml:31:11: error: must be one of manual, on_failure, never; got "Never"
        undo: Never
              ^
    did you mean "never"?
rules/a.yaml:32:8: error: a mapping (key: value) is needed, got text "true"
      low: "true"
           ^"""


def test_all_at_once_in_the_order_of_the_file():
    with pytest.raises(ConfigurationError) as caught:
        validate(read_document(TEXT, "rules/a.yaml"), RuleFileText)
    assert str(caught.value) == TOLD


def test_what_is_right_becomes_the_model():
    text = 'rules:\n- {name: a, match: [x = "y"], guide: g, mode: auto, for: 2m, with: {n: 1}}\n'
    rule = validate(read_document(text, "rules/a.yaml"), RuleFileText).rules[0]
    assert (rule.mode, rule.for_, rule.with_) == ("auto", 120.0, {"n": 1})


def test_a_list_with_wrong_items_is_not_called_too_short():
    text = "guides: {g: {summary: x, target: y, remedies: [{name: a, steps: [{id: 5, http.probe: {}}]}]}}\n"
    with pytest.raises(ConfigurationError) as caught:
        validate(read_document(text, "a.yaml"), RuleFileText)
    assert [problem.message for problem in caught.value.problems] == ["text is needed, got the number 5"]


def test_many_problems_are_cut():
    text = "rules: [" + "1, " * 500 + "]"
    with pytest.raises(ConfigurationError) as caught:
        validate(read_document(text, "a.yaml"), RuleFileText)
    assert len(caught.value.problems) == 101
    assert caught.value.problems[-1].message == "there are 400 problems more"


def test_an_empty_file_for_a_model_that_needs_something():
    with pytest.raises(
        ConfigurationError, match=r"a\.yaml:1:1: error: a mapping \(key: value\) is needed, got nothing"
    ):
        validate(read_document("", "a.yaml"), RuleFileText)
