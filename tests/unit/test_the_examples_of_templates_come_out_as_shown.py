"""docs/templates.md: each row of its tables is rendered or judged with the values that the page shows."""

import json
import re
from pathlib import Path

import pytest
import yaml

from remediator.core.action import Lands
from remediator.core.expressions.filters import FILTERS, TESTS
from remediator.core.templates import StepScope, compile_condition, compile_template
from remediator.errors import RenderError, TemplateError

PAGE = (Path(__file__).parents[2] / "docs/templates.md").read_text("utf-8")
TABLE = re.compile(r"<!-- example: ([a-z ]+) -->\n((?:\|.*\n)+)")


def scope():
    """Return the values that the page shows."""
    shown = yaml.safe_load(re.search(r"<!-- example: scope -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)[1])
    steps = shown["steps"].items()
    # A text stands for a step that failed with it.
    return shown | {
        "steps": {
            name: StepScope(None, ok=False, error=was) if isinstance(was, str) else StepScope(was, ok=True, error="")
            for name, was in steps
        }
    }


def plain(cell):
    """Return what a reader sees in a cell: without the backticks around code, with the bars that had to be escaped."""
    return re.sub(r"^(`+)(.*)\1$", r"\2", cell.strip().replace("\\|", "|"))


def rows():
    for kind, table in TABLE.findall(PAGE):
        for line in table.splitlines()[2:]:
            yield kind, *(plain(cell) for cell in re.split(r"(?<!\\)\|", line)[1:-1])


TEMPLATES = [row for row in rows() if row[0] != "conditions"]
CONDITIONS = [row[1:] for row in rows() if row[0] == "conditions"]


def came(template, kind):
    lands = Lands(kind.removesuffix(" as json"))
    try:
        made = compile_template(template, lands).render(scope())
    except TemplateError as error:
        return "refused at load", str(error)
    except RenderError as error:
        return "refused", str(error)
    return "", json.dumps(made) if kind.endswith("as json") else made


@pytest.mark.parametrize(("kind", "template", "becomes"), TEMPLATES)
def test_a_template(kind, template, becomes):
    how, made = came(template, kind)
    if how:
        said, _, why = becomes.partition(": ")
        assert said == how
        assert why in made
    else:
        assert made == becomes


def judged(condition):
    try:
        found = compile_condition(condition).holds(scope())
    except TemplateError as error:
        return "refused at load", str(error)
    return "yes" if found.value else "no", found.reason


@pytest.mark.parametrize(("condition", "holds", "because"), CONDITIONS)
def test_a_condition(condition, holds, because):
    assert judged(condition) == (holds, because)


def test_every_language_has_examples():
    assert {row[0].removesuffix(" as json") for row in TEMPLATES} == {lands.value for lands in Lands}
    assert len(TEMPLATES) > 35
    assert len(CONDITIONS) > 15


def test_every_filter_and_test_is_named():
    table = PAGE.partition("| Filter | Gives |")[2].partition("\n\n")[0]
    named = {name for line in table.splitlines()[2:] for name in re.findall(r"`([a-z]+)[(`]", line.split("|")[1])}
    assert named == {*FILTERS, "default"}
    assert set(re.findall(r"`is ([a-z]+)`", PAGE)) == {*TESTS, "defined", "undefined"}
