import pytest

from remediator.core.templates import compile_template
from remediator.errors import RenderError, TemplateError


@pytest.mark.parametrize(
    "source",
    [
        "{{ (labels.a ~ labels.b) | default('x') }}",
        "{{ labels.a | upper | default('x') }}",
        "{{ labels.a | default }}",
        "{{ (labels.a ~ 'x') is defined }}",
    ],
)
def test_it_stands_right_after_what_may_be_missing(source):
    with pytest.raises(TemplateError, match="right after"):
        compile_template(source)


def test_what_has_no_parts_is_not_missing():
    with pytest.raises(RenderError, match="text has no item"):
        compile_template("{{ labels.a.b | default('x') }}").render({"labels": {"a": "text"}})
