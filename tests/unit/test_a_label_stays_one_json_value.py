import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediator.core.action import Lands
from remediator.core.templates import compile_template
from remediator.errors import RenderError, TemplateError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text('"\\{}[]:,/\n\0ubn', max_size=15)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
TEMPLATE = compile_template(
    '{"a": "{{ labels.v }}", "b": "\\"x\\\\{{ labels.v }}-{{ labels.v }}", "c": {{ labels.v }}, "d": [{{labels.v}}]}',
    Lands.JSON,
)


@given(TEXTS)
def test_text_comes_back_as_it_was(value):
    read = json.loads(TEMPLATE.render({"labels": {"v": value}}))
    assert read == {"a": value, "b": f'"x\\{value}-{value}', "c": value, "d": [value]}


@given(ANY)
def test_a_bare_value_keeps_its_kind(value):
    try:
        rendered = compile_template("{{ params.v }}", Lands.JSON).render({"params": {"v": value}})
    except RenderError:
        assert "\\u0000" in json.dumps(value)  # NUL is not carried in lists and mappings
        return
    assert json.loads(rendered) == value


@pytest.mark.parametrize(
    "source",
    [
        '{"a": {{ labels.v }}',
        '{"a": -{{ labels.v }}}',
        '{"a": 1{{ labels.v }}}',
        '{"a": {{ labels.v }}{{ labels.v }}}',
        '{"a": "\\{{ labels.v }}"}',
        '{"a": "\\u00{{ labels.v }}"}',
        "{ {{ labels.v }}: 1}",
        '{"{{ labels.v }}": 1}',
        '{"a": [{"pre-{{ labels.v }}": 1}]}',
        '{"a": "{{ labels.v }}}',
        "{'a': {{ labels.v }}}",
        '{"a": NaN, "b": {{ labels.v }}}',
        "[" * 1000 + "{{ labels.v }}" + "]" * 1000 + "x",
        "[" * 20_000 + "{{ labels.v }}" + "]" * 20_000,
        '{"a": "\ue000{{ labels.v }}\ue000"}',
        "not json",
    ],
    ids=lambda source: source[:30],
)
def test_refused_at_load(source):
    with pytest.raises(TemplateError):
        compile_template(source, Lands.JSON)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), "half \ud800", 2**80, {"a": float("nan")}])
def test_refused_at_run_time(value):
    with pytest.raises(RenderError):
        compile_template('{"a": {{ params.v }}}', Lands.JSON).render({"params": {"v": value}})


@pytest.mark.parametrize("value", [None, [1], {"a": 1}])
def test_only_scalars_stand_inside_of_a_string(value):
    with pytest.raises(RenderError):
        compile_template('{"a": "x{{ params.v }}"}', Lands.JSON).render({"params": {"v": value}})


@pytest.mark.parametrize(
    ("source", "offset"),
    [('{"a": {{ labels.v }} x}', 21), ('{x: "{{ labels.v }}"}', 1), ('{"a": "{{ labels.v }}" x}', 23)],
)
def test_the_offset_shows_where(source, offset):
    with pytest.raises(TemplateError) as caught:
        compile_template(source, Lands.JSON)
    assert caught.value.offset == offset
