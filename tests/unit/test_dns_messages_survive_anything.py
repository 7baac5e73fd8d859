import struct
from ipaddress import IPv4Address, IPv6Address

import pytest
from fakes.dns_server import name, record, reply
from hypothesis import given
from hypothesis import strategies as st

from remediator.actions.network.message import answer, question

LABEL = st.text("abcXYZ019-_", min_size=1, max_size=63)
NAME = st.lists(LABEL, min_size=1, max_size=3).map(".".join)
ADDRESSES = {"A": st.ip_addresses(v=4).map(str), "AAAA": st.ip_addresses(v=6).map(str)}
POINTER = b"\xc0\x0c"


@given(st.integers(0, 65_535), NAME, st.sampled_from(["A", "AAAA"]), st.data())
def test_addresses_come_out_as_they_went_in(number, text, kind, data):
    addresses = data.draw(st.lists(ADDRESSES[kind], max_size=8, unique=True))
    said = answer(reply(question(number, text, kind), records=[record(POINTER, each) for each in addresses]), number, text, kind)
    assert said.addresses == tuple(addresses)
    assert (said.code, said.truncated) == (0, False)


@given(NAME)
def test_a_question_is_what_the_rfc_says(text):
    made = question(7, text, "AAAA")
    assert made == struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + name(text.lower()) + struct.pack("!HH", 28, 1)


@given(st.binary(max_size=600))
def test_random_bytes_are_no_answer(data):
    with pytest.raises(ValueError):  # noqa: PT011 -- any of its messages
        answer(data, 7, "orders.example", "A")


@given(st.binary(max_size=400), st.integers(0, 65_535))
def test_random_records_raise_nothing_else(data, count):
    asked = question(7, "orders.example", "A")
    hostile = asked[:2] + struct.pack("!5H", 0x8180, 1, count, 0, 0) + asked[12:] + data
    try:
        said = answer(hostile, 7, "orders.example", "A")
    except ValueError:
        return
    assert len(said.addresses) <= 16
    assert all(IPv4Address(each) for each in said.addresses)


def said_of(*records, kind="A", **fields):
    return answer(reply(question(7, "a.example", kind), records=records, **fields), 7, "a.example", kind)


def test_aliases_are_followed_and_strangers_passed_over():
    found = said_of(record(POINTER, "b.example"), record(name("b.example"), "10.0.0.1"), record(name("evil.example"), "6.6.6.6"))
    assert found.addresses == ("10.0.0.1",)


def test_aliases_in_a_circle_end():
    assert said_of(record(POINTER, "b.example"), record(name("b.example"), "a.example")).addresses == ()


def test_pointers_that_lead_nowhere_are_refused():
    for pointer in (b"\xc0\xff", b"\xc0", struct.pack("!H", 0xC000 | 27)):
        with pytest.raises(ValueError, match=r"pointer|breaks off"):
            said_of(pointer + struct.pack("!HHIH", 1, 1, 0, 4) + b"\x0a\x00\x00\x01")


def test_the_other_kind_is_not_taken():
    assert said_of(record(POINTER, str(IPv6Address(1)))).addresses == ()
    assert said_of(record(POINTER, "10.0.0.1"), kind="AAAA").addresses == ()


@pytest.mark.parametrize(("number", "text", "kind"), [(8, "a.example", "A"), (7, "b.example", "A"), (7, "a.example", "AAAA")])
def test_an_answer_to_something_else_is_refused(number, text, kind):
    with pytest.raises(ValueError, match="something else"):
        answer(reply(question(7, "a.example", "A")), number, text, kind)


@pytest.mark.parametrize("text", ["", ".", "a..b", "a" * 64, "é.example", ".".join(["a" * 60] * 5)])
def test_what_is_no_name_is_not_asked(text):
    with pytest.raises(ValueError):  # noqa: PT011 -- any of its messages
        question(7, text, "A")
