import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from remediator.actions.answers.lines import Capture, Tally

BY = {"address": r"failed.*from=(?P<address>\S*)"}


def counted(*lines, **more):
    tally = Tally({}, 0, BY, **more)
    tally.feed("\n".join(lines).encode())
    tally.end()
    return tally.counted["address"], tally.counted_rest["address"]


def test_the_most_frequent_come_first():
    lines = ["failed from=b", "failed from=c", "failed from=a", "failed from=c", "ok from=c", "failed from=", "failed"]
    assert counted(*lines) == ({"c": 2, "a": 1, "b": 1}, 0)
    assert counted(*lines, top=1) == ({"c": 2}, 2)


def test_an_attacker_with_many_addresses_fills_no_memory():
    told, rest = counted("failed from=first", *(f"failed from={number}" for number in range(12_000)), "failed from=first", top=1)
    assert told == {"first": 2}
    assert rest == 12_000


def test_a_value_is_one_short_line():
    ((value, count),) = counted("failed from=" + "\x1b[1m" + "x" * 5000)[0].items()
    assert count == 1
    assert len(value) <= 200
    assert value.isprintable()


@given(st.lists(st.sampled_from("abc")), st.integers(1, 4))
def test_no_line_is_lost(values, top):
    told, rest = counted(*(f"failed from={value}" for value in values), top=top)
    assert sum(told.values()) + rest == len(values)
    assert len(told) <= top


@pytest.mark.parametrize("pattern", ["failed", "from=(.*)", "(?P<a>.)(?P<b>.)", "(?P<a>"])
def test_it_has_one_named_group(pattern):
    with pytest.raises(ValidationError):
        TypeAdapter(Capture).validate_python(pattern)
