import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from remediator.core.action import Argv, Lands
from remediator.core.templates import compile_template, render_tree
from remediator.errors import RenderError, TemplateError


class Command(BaseModel):
    argv: list[Argv]


WRITTEN = {"argv": ["tool", "{{ labels.v }}", "--name={{ labels.v }}", "{{ labels.v }}{{ labels.v }}", "--", "-x"]}
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text("- '\"\\$`;|&\n\0a", max_size=8)


@given(VALUES)
def test_as_many_arguments_as_were_written(value):
    try:
        rendered = render_tree(WRITTEN, Command, {"labels": {"v": value}})
    except RenderError:
        assert value.startswith("-") or "\0" in value
        return
    assert rendered["argv"] == ["tool", value, f"--name={value}", value + value, "--", "-x"]


def test_blanks_quotes_and_line_breaks_arrive():
    value = "a b\n'c' \"d\" $HOME ; e"
    rendered = compile_template("{{ labels.v }}", Lands.ARGV).render({"labels": {"v": value}})
    show = [sys.executable, "-c", "import sys; print(sys.argv[1:])", rendered]
    assert subprocess.run(show, capture_output=True, text=True, check=True).stdout == f"{[value]!r}\n"


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{{ labels.v }}", "-rf"),
        ("{{ labels.v }}", "--help"),
        ("{{ labels.v }}", -5),
        ("{{ labels.v }}-x", ""),
        ("{{ labels.v }}{{ labels.v }}", "-"),
        ("a{{ labels.v }}", "\0"),
        ("a{{ labels.v }}", "half \ud800"),
        ("a{{ labels.v }}", None),
        ("a{{ labels.v }}", ["x"]),
    ],
)
def test_refused(source, value):
    with pytest.raises(RenderError):
        compile_template(source, Lands.ARGV).render({"labels": {"v": value}})


@pytest.mark.parametrize("source", ["-{{ labels.v }}", "--{{ labels.v }}", "--{{ labels.v }}=x"])
def test_an_options_name_is_literal(source):
    with pytest.raises(TemplateError, match="option"):
        compile_template(source, Lands.ARGV)


@pytest.mark.parametrize(
    ("source", "value", "rendered"),
    [
        ("-n{{ labels.v }}", "x", "-nx"),
        ("--n={{ labels.v }}", "-x", "--n=-x"),
        ("{{ labels.v }}", 5, "5"),
        ("-", "", "-"),
    ],
)
def test_rendered(source, value, rendered):
    assert compile_template(source, Lands.ARGV).render({"labels": {"v": value}}) == rendered
