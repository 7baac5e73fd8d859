"""Whatever a label or a person says: no escape sequence, no forged line, and nothing that cannot be seen."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediator.core.unprintable import in_json, one_line, without_controls

OBEYED = "\x00\x07\x1b\x7f\x80\x85\x9b\x9f\n\r\x0b\x0c\u2028\u2029\u202a\u202e\u2066\u2069\u200e\u200f\ud800\U000e0041"
texts = st.text(st.characters() | st.sampled_from(OBEYED))


@pytest.mark.parametrize("char", OBEYED)
def test_each_is_escaped_in_a_line(char):
    assert one_line(f"a{char}b").isprintable()
    assert one_line(f"a{char}b") != f"a{char}b"


def test_it_is_seen_which_it_was():
    assert one_line("no\x1b]0;pwn\x07\nforged \x9b2J") == "no\\x1b]0;pwn\\x07\\nforged \\x9b2J"


def test_what_people_write_stays():
    assert one_line("Größe: 5 µs, 価格 ✓ … 🙂\t|") == "Größe: 5 µs, 価格 ✓ … 🙂\t|"


def test_controls_go_and_lines_stay():
    assert without_controls("a\x9bb\nc\u202ed\x85e\tf") == "ab\ncd\x85e\tf"


@given(texts)
def test_a_line_stays_a_line(text):
    shown = one_line(text)
    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(char) for char in shown.replace("\t", "")} & {"Cc", "Cs", "Zl", "Zp"}


@given(st.recursive(texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner)))
def test_json_says_the_same(tree):
    written = json.dumps(tree, ensure_ascii=False, indent=1)
    assert json.loads(in_json(written)) == json.loads(written)
    assert one_line(in_json(written)) == in_json(written).replace("\n", "\\n")
