import pytest

from remediator.core.action import Argv, Json, Parameters, PromQL, Url
from remediator.core.templates import StepScope, Template, names_in_tree, render_tree
from remediator.errors import RenderError, TemplateError, UnknownValueError


class Inner(Parameters):
    url: Url


class Call(Parameters):
    name: str = ""
    replicas: int = 0
    query: PromQL = "x"
    argv: tuple[Argv, ...] = ()
    body: Json | None = None
    headers: dict[str, str] | None = None
    inner: tuple[Inner, ...] = ()


SCOPE = {
    "labels": {"s": 'a"b/c', "port": "8080"},
    "params": {"n": 3, "share": 0.5, "on": True},
    "steps": {"gone": StepScope(None, ok=False, error="away")},
}


def test_each_text_is_written_for_its_field():
    written = {
        "name": "{{ labels.s }}",
        "replicas": "{{ params.n }}",
        "query": 'x{s="{{ labels.s }}"}',
        "argv": ["echo", "{{ labels.s }}"],
        "body": '{"s": "{{ labels.s }}"}',
        "headers": {"{{ labels.s }}": "v-{{ labels.s }}"},
        "inner": [{"url": "http://h/{{ labels.s }}"}],
    }
    before = repr(written)
    assert render_tree(written, Call, SCOPE) == {
        "name": 'a"b/c',
        "replicas": 3,
        "query": 'x{s="a\\"b/c"}',
        "argv": ["echo", 'a"b/c'],
        "body": '{"s": "a\\"b/c"}',
        "headers": {"{{ labels.s }}": 'v-a"b/c'},
        "inner": [{"url": "http://h/a%22b%2Fc"}],
    }
    assert repr(written) == before


@pytest.mark.parametrize(
    ("source", "text"), [("{{ params.n }}", "3"), ("{{ params.share }}", "0.5"), ("{{ params.on }}", "true")]
)
def test_a_number_becomes_text_where_only_text_can_stand(source, text):
    rendered = render_tree({"name": source, "headers": {"x": source}}, Call, SCOPE)
    assert Call.model_validate(rendered) == Call(name=text, headers={"x": text})


def test_what_is_not_text_passes():
    written = {"replicas": 3, "argv": [], "body": None, "headers": {"a": True}, "inner": (1.5, b"x")}
    assert render_tree(written, Call, SCOPE) == {**written, "inner": [1.5, b"x"]}


def test_errors_name_the_field():
    with pytest.raises(RenderError, match=r"^inner\.0\.url: \{\{ labels\.nope \}\}: the alert has no labels\.nope"):
        render_tree({"inner": [{"url": "http://h/{{ labels.nope }}"}]}, Call, SCOPE)
    with pytest.raises(UnknownValueError, match=r"^name: .*steps\.gone\.x is unknown: away"):
        render_tree({"name": "{{ steps.gone.x }}"}, Call, SCOPE)
    with pytest.raises(RenderError, match=r"^query: "):
        render_tree({"query": "x{a=`{{ labels.s }}`}"}, Call, SCOPE)


def test_a_tree_without_end_is_refused():
    endless: dict = {}
    endless["headers"] = endless
    with pytest.raises(RenderError, match="too deep"):
        render_tree(endless, Call, SCOPE)
    assert any(isinstance(found, TemplateError) for _, found in names_in_tree(endless, Call))


def test_load_finds_templates_and_everything_wrong_with_them():
    written = {
        "name": "{{ labels.a }}-{{ params.b }}",
        "replicas": 3,
        "query": "x{a=`{{ labels.s }}`}",
        "argv": ["literal", "{{ steps.c.d }}", "{{ broken"],
        "body": "not json",
        "headers": {"{{ labels.s }}": "literal"},
        "inner": [{"url": "http://h/literal"}, {"url": "literal"}],
    }
    found = dict(names_in_tree(written, Call))
    good = {path: each.names for path, each in found.items() if isinstance(each, Template)}
    assert good == {("name",): {("labels", "a"), ("params", "b")}, ("argv", 1): {("steps", "c", "d")}}
    wrong = {path for path, each in found.items() if isinstance(each, TemplateError)}
    assert wrong == {("query",), ("argv", 2), ("body",), ("headers", "{{ labels.s }}"), ("inner", 1, "url")}
