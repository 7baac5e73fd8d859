"""Whatever a label's value is: in PromQL it stays the value of one matcher.

The result is read by a small lexer of the test's own, written from Prometheus' documentation.
"""

import re

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from remediator.core.action import Lands
from remediator.core.templates import compile_template

ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
VALUES = ANY | st.text("\"'`\\{}()[]|.*+?^$#,=~\n\r\t\0 aAnx0-", max_size=20)

SHORT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}


def unquote(source, at):
    """Return a Go string's value and the position after it, or fail."""
    quote, at, value = source[at], at + 1, ""
    while source[at] != quote:
        char = source[at]
        assert char != "\n", "a string does not go over lines"
        if char != "\\":
            value, at = value + char, at + 1
            continue
        code = source[at + 1]
        if code == "x":
            value, at = value + chr(int(source[at + 2 : at + 4], 16)), at + 4
        else:
            value, at = value + (quote if code == quote else SHORT[code]), at + 2
    return value, at + 1


def tokens(source):
    found, at = [], 0
    while at < len(source):
        if source[at] in "\"'":
            value, at = unquote(source, at)
            found.append(("string", value))
        else:
            match = re.compile(r"\s+|#.*|=~|!~|[\w.:]+|.").match(source, at)
            if match.group().strip() and match.group()[0] != "#":
                found.append(("other", match.group()))
            at = match.end()
    return found


@pytest.mark.parametrize("quote", ["'", '"'])
@given(value=VALUES)
def test_equality(quote, value):
    source = f"sum(x{{a={quote}{{{{ labels.v }}}}{quote}, b!={quote}pre-{{{{ labels.v }}}}.post{quote}}}) > 1"
    rendered = compile_template(source, Lands.PROMQL).render({"labels": {"v": value}})
    found = tokens(rendered)
    assert [text for kind, text in found if kind == "other"] == ["sum", *"(x{a=,b!=})>1"]
    assert [text for kind, text in found if kind == "string"] == [value, f"pre-{value}.post"]


@pytest.mark.parametrize("quote", ["'", '"'])
@given(value=VALUES, other=VALUES)
def test_regular_expression(quote, value, other):
    source = f"x{{a=~ #c\n {quote}(?i:k)[ab]\\\\.{{{{ labels.v }}}}/end{quote}}}"
    rendered = compile_template(source, Lands.PROMQL).render({"labels": {"v": value}})
    found = tokens(rendered)
    assert [text for kind, text in found if kind == "other"] == ["x", "{", "a", "=~", "}"]
    (expression,) = [text for kind, text in found if kind == "string"]
    assert re2.fullmatch(expression, f"Ka.{value}/end")
    assert bool(re2.fullmatch(expression, f"ka.{other}/end")) is (other == value)


@given(value=VALUES)
def test_label_replace_takes_a_value_as_it_is(value):
    source = 'label_replace(x, "dst", "$1-{{ labels.v }}", "src", ("{{ labels.v }}(.*)"))'
    rendered = compile_template(source, Lands.PROMQL).render({"labels": {"v": value}})
    strings = [text for kind, text in tokens(rendered) if kind == "string"]
    assert strings[1] == "$1-" + value.replace("$", "$$")
    assert re2.fullmatch(strings[3], value + "tail" if "\n" not in value else value)


def test_the_attack_from_the_book():
    template = compile_template('x{service="{{ labels.s }}"}', Lands.PROMQL)
    rendered = template.render({"labels": {"s": 'x"} or vector(1) #'}})
    assert rendered == r'x{service="x\"} or vector(1) #"}'


def test_numbers_and_truth_become_text_in_quotes():
    template = compile_template('x{le="{{ params.le }}",on="{{ params.on }}"}', Lands.PROMQL)
    assert template.render({"params": {"le": 0.5, "on": True}}) == 'x{le="0.5",on="true"}'
