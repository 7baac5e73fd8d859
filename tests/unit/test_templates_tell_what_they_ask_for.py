import pytest

from remediator.core.templates import compile_condition, compile_template


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("literal", set()),
        ("{{ steps.pool.used_share }}", {("steps", "pool", "used_share")}),
        ("{{ labels['a-b'] }}/{{ params.x }}", {("labels", "a-b"), ("params", "x")}),
        ("{{ labels[params.x] }}", {("labels",), ("params", "x")}),
        ("{{ steps.a.rows[0].pid }}", {("steps", "a", "rows", "0", "pid")}),
        ("{{ steps[params.x].ok }}", {("steps",), ("params", "x")}),
        ("{{ labels.a | default(labels.b) | replace(params.c, 'd') }}",
         {("labels", "a"), ("labels", "b"), ("params", "c")}),
        ("{{ labels.a if labels.b is defined else [params.d, -params.e] }}",
         {("labels", "a"), ("labels", "b"), ("params", "d"), ("params", "e")}),
        ("{{ labels | length }} {{ labels.a }}", {("labels",), ("labels", "a")}),
        ("{{ (params.list | first).name }}", {("params", "list")}),
    ],
)  # fmt: skip
def test_every_chain_is_told(source, names):
    template = compile_template(source)
    assert template.names == names
    assert template.is_literal is (not names)


def test_conditions_tell_them_too():
    condition = compile_condition("steps.pool.used_share > 0.85 and not labels['a-b'] in params.x")
    assert condition.names == {("steps", "pool", "used_share"), ("labels", "a-b"), ("params", "x")}
