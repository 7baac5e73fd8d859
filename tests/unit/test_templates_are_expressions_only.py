"""What is not an allowed expression never gets past load, and is refused at once."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediator.core.templates import compile_template
from remediator.errors import RenderError, TemplateError

REFUSED = [
    "{% if labels.a %}x{% endif %}",
    "{% set a = 1 %}",
    "a {% raw",
    "{{ ''.__class__ }}",
    "{{ labels.__init__ }}",
    "{{ labels['__init__'] }}",
    "{{ labels.a.__class__.__mro__ }}",
    "{{ __import__ }}",
    "{{ _private }}",
    "{{ labels._hidden }}",
    "{{ labels|attr('items') }}",
    "{{ labels.items() }}",
    "{{ range(10) }}",
    "{{ labels.a.format(1) }}",
    "{{ lipsum }}{{ cycler() }}",
    "{{ labels.a[1:2] }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ {'a': 1} }}",
    "{{ labels|map('upper')|list }}",
    "{{ labels.a|pprint }}",
    "{{ labels.a is callable }}",
    "{{ labels.a|replace(old='a', new='b') }}",
    "{{ labels.a|replace(*params.x) }}",
    "{{ labels.a|replace('a') }}",
    "{{ labels.a if labels.b == 'x' }}",
    "{{ labels.a, labels.b }}",
    "{{ labels.a labels.b }}",
    "{{ }}",
    "{{ labels.a",
    "{{ labels.a }",
    "{{ 'open }}",
    "{{- labels.a }}",
    "{{ labels.a -}}",
    "{{ 1e999 }}",
    "{{ 99999999999999999999 }}",
    "{{ " + "9" * 4000 + " }}",
    "{{ " + "(" * 60 + "1" + ")" * 60 + " }}",
    "{{ " + "not " * 1000 + "true }}",
    "{{ " + "-" * 2000 + "1 }}",
    "{{ " + "1 + " * 800 + "1 }}",
    "{{ labels" + ".a" * 1500 + " }}",
    "{{ " + "[" * 1500 + " }}",
    "{{ true" + " if true else true" * 200 + " }}",
    "{{ labels.a" + "|upper" * 500 + " }}",
    "x" * 70_000,
    "{{ labels.a }}" * 200,
    "a\0b",
    "half a pair \ud800",
]


@pytest.mark.parametrize("source", REFUSED, ids=lambda source: source[:40])
def test_it_is_refused_at_load(source):
    began = time.perf_counter()
    with pytest.raises(TemplateError):
        compile_template(source)
    assert time.perf_counter() - began < 1.0


@pytest.mark.parametrize(
    "source",
    ["'a' * 10", "'a' * 1000000000", "'%s' % 5", "'a' + 'b'", "[1] * 5", "[1] + [2]"],
)
def test_only_numbers_are_calculated_with(source):
    began = time.perf_counter()
    with pytest.raises(RenderError):
        compile_template("{{ " + source + " }}").render({})
    assert time.perf_counter() - began < 1.0


@pytest.mark.parametrize(
    ("source", "offset"),
    [
        ("abc {% if x %}", 4),
        ("abc {{ labels.a|nope }}", 16),
        ("abc {{ labels.a", 4),
        ("{{ labels.a }} {{ labels.__class__ }}", 25),
        ("{{ labels.a ~\n 5 ** 2 }}", 14),
    ],
)
def test_the_offset_shows_where(source, offset):
    with pytest.raises(TemplateError) as caught:
        compile_template(source)
    assert caught.value.offset == offset


WORDS = st.sampled_from([
    "labels", "params", "steps", ".", "a", "__class__", "[", "]", "(", ")", "'", '"', "|", "upper", "default", "join",
    "~", "+", "-", "*", "/", "//", "%", "**", "==", "<", "not", "and", "or", "in", "is", "defined", "if", "else",
    "1", "0.5",
    "'x'", "true", "none", ",", " ", "\n", "{", "}", "{{", "}}", "{%", "\\", "\0", "ü",
])  # fmt: skip


@given(st.lists(WORDS, max_size=14).map(" ".join))
def test_whatever_is_written_compiles_or_is_a_template_error(expression):
    try:
        template = compile_template("x{{ " + expression + " }}")
    except TemplateError as error:
        assert 0 <= error.offset <= len(expression) + 7  # noqa: PT017 -- most of what is drawn raises, not all
        return
    try:
        rendered = template.render({"labels": {"a": "text"}, "params": {"a": 2}, "steps": {}})
    except RenderError:
        return
    assert isinstance(rendered, str)
