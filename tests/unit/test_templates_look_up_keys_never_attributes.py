from types import MappingProxyType

import pytest

from remediator.core.templates import compile_template
from remediator.errors import RenderError


class Thing:
    secret = "an attribute"


@pytest.mark.parametrize("wrap", [dict, MappingProxyType])
@pytest.mark.parametrize("key", ["items", "keys", "get", "a-b", "0", "ü"])
def test_labels_are_looked_up_by_key(key, wrap):
    scope = {"labels": wrap({key: "the label"})}
    assert compile_template("{{ labels['" + key + "'] }}").render(scope) == "the label"
    if key.isidentifier():
        assert compile_template("{{ labels." + key + " }}").render(scope) == "the label"


@pytest.mark.parametrize("source", ["{{ labels.items }}", "{{ labels['values'] }}", "{{ annotations.pop }}"])
def test_a_method_is_not_a_label(source):
    with pytest.raises(RenderError, match="the alert has no"):
        compile_template(source).render({"labels": {}, "annotations": {}})


@pytest.mark.parametrize("source", ["{{ params.thing.secret }}", "{{ params.text.upper }}", "{{ params.number.real }}"])
def test_no_attribute_of_any_object(source):
    with pytest.raises(RenderError):
        compile_template(source).render({"params": {"thing": Thing(), "text": "a", "number": 1}})


def test_an_object_is_no_value():
    with pytest.raises(RenderError, match="Thing has no place"):
        compile_template("{{ params.thing }}").render({"params": {"thing": Thing()}})


def test_a_key_may_be_calculated():
    scope = {"labels": {"team": "db", "__init__": "a"}, "params": {"which": "team", "bad": "__init__"}}
    assert compile_template("{{ labels[params.which] }}").render(scope) == "db"
    with pytest.raises(RenderError, match="begin with __"):
        compile_template("{{ labels[params.bad] }}").render(scope)


def test_lists_are_looked_up_by_index():
    scope = {"params": {"rows": [{"pid": 7}, {"pid": 9}]}}
    assert compile_template("{{ params.rows[0].pid }}").render(scope) == 7
    assert compile_template("{{ params.rows[-1]['pid'] }}").render(scope) == 9
    with pytest.raises(RenderError, match=r"params\.rows\[5\]"):
        compile_template("{{ params.rows[5].pid }}").render(scope)
