"""Whatever a label's value is: host, path and query keep their shape. Read back by urllib and yarl."""

from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from remediator.core.action import Lands
from remediator.core.templates import compile_template
from remediator.errors import RenderError

VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text(
    "./\\@:?#&=+;%2eE5fF []é<>\n\t", max_size=10
)

TEMPLATE = compile_template(
    "https://user@api.example.com:8443/v1/x-{{ labels.v }}/{{ labels.v }}/end?q={{ labels.v }}&{{ labels.v }}=1#frag",
    Lands.URL,
)


@given(VALUES)
def test_nothing_but_its_own_part_changes(value):
    try:
        url = TEMPLATE.render({"labels": {"v": value}})
    except RenderError:
        assert value in {"", ".", ".."} or any(ord(char) < 32 or 127 <= ord(char) < 160 for char in value)
        return
    split = urlsplit(url)
    assert (split.scheme, split.netloc, split.fragment) == ("https", "user@api.example.com:8443", "frag")
    assert [unquote(part) for part in split.path.split("/")] == ["", "v1", f"x-{value}", value, "end"]
    assert parse_qsl(split.query, keep_blank_values=True) == [("q", value), (value, "1")]
    read = URL(url)
    assert (read.scheme, read.user, read.host, read.port) == ("https", "user", "api.example.com", 8443)
    assert read.parts == ("/", "v1", f"x-{value}", value, "end")
    assert list(read.query.items()) == [("q", value), (value, "1")]


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("http://h/a/{{ labels.v }}", "."),
        ("http://h/a/{{ labels.v }}/b", ".."),
        ("http://h/a/{{ labels.v }}/b", ""),
        ("http://h/a/.{{ labels.v }}/b", "."),
        ("http://h/a/{{ labels.v }}.?x=1", "."),
        ("http://h/a/{{ labels.v }}{{ labels.v }}#f", "."),
        ("http://h/a/%2e{{ labels.v }}/b", "."),
        ("http://h/a/{{ labels.v }}%2E", "."),
        ("http://h/a/.{{ labels.v }}/b", ""),
        ("http://h/{{ labels.v }}", "a\nb"),
        ("http://h/?q={{ labels.v }}", "a\x85b"),
        ("http://h/?q={{ labels.v }}", "a\0b"),
        ("http://h/?q={{ labels.v }}", "half \ud800"),
    ],
)
def test_refused(source, value):
    with pytest.raises(RenderError):
        compile_template(source, Lands.URL).render({"labels": {"v": value}})


@pytest.mark.parametrize(
    ("source", "value", "rendered"),
    [
        ("http://h/a/...{{ labels.v }}", ".", "http://h/a/...."),
        ("http://h/a/x{{ labels.v }}/../b", "", "http://h/a/x/../b"),
        ("http://h?q={{ labels.v }}", "", "http://h?q="),
        ("http://h/?q=/../{{ labels.v }}", "..", "http://h/?q=/../.."),
        ("http://h/{{ labels.v }}", "../admin", "http://h/..%2Fadmin"),
        ("http://h/{{ labels.v }}", "%2e%2e", "http://h/%252e%252e"),
        ("HTTPS://[::1]:9090/{{ labels.v }}", 5, "HTTPS://[::1]:9090/5"),
    ],
)
def test_rendered(source, value, rendered):
    assert compile_template(source, Lands.URL).render({"labels": {"v": value}}) == rendered
