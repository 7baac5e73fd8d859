import pytest

from remediator.core.templates import compile_template
from remediator.errors import RenderError

SCOPE = {"labels": {"empty": "", "team": "db"}, "params": {"list": []}}


@pytest.mark.parametrize("source", ["{{ labels.owner }}", "x/{{ labels.owner }}", "{{ labels.owner | upper }}"])
def test_a_missing_label_is_an_error_that_names_it_and_the_way_out(source):
    with pytest.raises(RenderError, match=r"the alert has no labels\.owner; .* labels\.owner \| default"):
        compile_template(source).render(SCOPE)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ labels.owner | default('nobody') }}", "nobody"),
        ("{{ labels.team | default('nobody') }}", "db"),
        ("{{ labels.empty | default('nobody') }}", ""),
        ("{{ labels.empty | default('nobody', true) }}", "nobody"),
        ("{{ labels.owner | default(labels.team) | upper }}", "DB"),
        ("{{ params.list | first | default('none') }}", "none"),
        ("{{ 'yes' if labels.team is defined else 'no' }}", "yes"),
        ("{{ 'yes' if labels.owner is defined else 'no' }}", "no"),
        ("{{ labels.owner is undefined }}", True),
    ],
)
def test_default_and_defined_ask_for_absence(source, expected):
    assert compile_template(source).render(SCOPE) == expected


def test_a_missing_default_is_missing():
    with pytest.raises(RenderError, match="owner"):
        compile_template("{{ labels.squad | default(labels.owner) }}").render(SCOPE)
