import pytest

from remediator.core.action import Lands
from remediator.core.templates import compile_template
from remediator.errors import TemplateError


@pytest.mark.parametrize(
    "source",
    [
        "{{ labels.v }}",
        "{{ labels.v }}://h/",
        "http{{ labels.v }}://h/",
        "http://{{ labels.v }}/",
        "http://{{ labels.v }}.example.com/",
        "http://example.com{{ labels.v }}/",
        "http://h:{{ labels.v }}/",
        "http://{{ labels.v }}@h/",
        "http://user:{{ labels.v }}@h/",
        "http:///{{ labels.v }}",
        "http://:80/{{ labels.v }}",
        "http://h:port/{{ labels.v }}",
        "http://h:99999/{{ labels.v }}",
        "http://a@b@c/{{ labels.v }}",
        "http://h\\@evil/{{ labels.v }}",
        "http://h/\\{{ labels.v }}",
        "http://[::1/{{ labels.v }}",
        "//h/{{ labels.v }}",
        "/path/{{ labels.v }}",
        "ftp://h/{{ labels.v }}",
        "file:///etc/{{ labels.v }}",
        "javascript:{{ labels.v }}",
        " http://h/{{ labels.v }}",
        "http://h/{{ labels.v }}\n",
        "http://h/{{ labels.v }} ",
        "http://h /{{ labels.v }}",
        "http://h/a%{{ labels.v }}",
        "http://h/a%2{{ labels.v }}",
        "http://h/#{{ labels.v }}",
        "http://h/?a=b#c{{ labels.v }}",
        "ftp://literal/",
        "literal",
    ],
)
def test_refused_at_load(source):
    with pytest.raises(TemplateError):
        compile_template(source, Lands.URL)


@pytest.mark.parametrize(
    "source", ["http://h", "https://u@h:8443/a/../b?c=d e#f", "http://bücher.example/", "http://h/%20"]
)
def test_literal_urls_pass(source):
    assert compile_template(source, Lands.URL).render({}) == source
