from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediator.actions.http.destination import Destination
from remediator.core.action import Lands
from remediator.core.templates import compile_template, lands_of, render_tree
from remediator.errors import RenderError, TemplateError

SOURCE = "/v1/{{ labels.v }}/x-{{ labels.v }}?q={{ labels.v }}&r=1"


def render(source, value):
    return compile_template(source, Lands.URL_PATH).render({"labels": {"v": value}})


@given(st.text(max_size=20) | st.text(alphabet="/.%2e?&#=\\ +:@", max_size=10))
def test_a_value_stays_where_it_was_put(value):
    try:
        made = render(SOURCE, value)
    except RenderError:
        return
    split = urlsplit("http://h" + made)
    assert split.netloc == "h"
    assert [unquote(part) for part in split.path.split("/")] == ["", "v1", value, f"x-{value}"]
    assert parse_qs(split.query, keep_blank_values=True) == {"q": [value], "r": ["1"]}
    assert split.fragment == ""


@pytest.mark.parametrize("value", ["", ".", "..", "%2e", "a\nb", "a\0"])
def test_a_value_that_must_not_land_is_refused(value):
    if value == "%2e":  # encoded once more, it is only odd
        assert render("/v1/{{ labels.v }}/x", value) == "/v1/%252e/x"
        return
    with pytest.raises(RenderError):
        render("/v1/{{ labels.v }}/x", value)


@pytest.mark.parametrize(
    "source",
    ["{{ labels.v }}", "{{ labels.v }}/x", "x/{{ labels.v }}", "http://h/{{ labels.v }}", "/a\\{{ labels.v }}",
     "/a#{{ labels.v }}", "/a%{{ labels.v }}", "relative", "/a "],
)  # fmt: skip
def test_what_is_no_path_is_refused_at_load(source):
    with pytest.raises(TemplateError) as caught:
        compile_template(source, Lands.URL_PATH)
    assert 0 <= caught.value.offset <= len(source)


@pytest.mark.parametrize("source", ["", "/", "/a/b?c=d", "//a"])
def test_literal_paths_pass(source):
    assert compile_template(source, Lands.URL_PATH).render({}) == source


def test_a_step_says_so():
    assert lands_of(Destination, ("path",)) is Lands.URL_PATH
    args = {"connection": "shop", "path": "/restart/{{ labels.v }}"}
    assert render_tree(args, Destination, {"labels": {"v": "a/b?c"}})["path"] == "/restart/a%2Fb%3Fc"
