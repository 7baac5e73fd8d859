import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yaml import Node, ScalarNode

from remediator.interfaces.documents import Place, read_document
from remediator.interfaces.yaml_nodes import HAS_LIBYAML, LibyamlComposing, PythonComposing

SAMPLE = """\
# a comment
rules:
  - name: "a"      # quoted
    for: 2m
    limits: {max: 3, per: 1h, é: [1, 'it''s']}
  - &anchor
    name: b
    notes: |
      first

      second
    folded: >-
      one
      two
    empty:
again: *anchor
"""


def read(text):
    return read_document(text, "a.yaml").data


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("No", "No"),
        ("y", "y"),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("+5", 5),
        ("0", 0),
        ("010", "010"),
        ("0o17", "0o17"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("190:20:30", "190:20:30"),
        ("2001-12-14", "2001-12-14"),
        ("1.10", 1.1),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-0.150", -0.15),
        ("12e4567", "12e4567"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1.2.3", "1.2.3"),
        ("9" * 65, "9" * 65),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("!!int 12", 12),
        ("!!float 1", 1.0),
        ("!!bool true", True),
        ("!!null ~", None),
        ("<<", "<<"),
        ('"\\u00e9\\n"', "é\n"),
    ],
)
def test_a_scalar(written, value):
    data = read(f"key: {written}\n")
    assert data == {"key": value}
    assert type(data["key"]) is type(value)


def test_keys_are_text():
    assert read("1: a\ntrue: b\non: c\nnull: d\n1.10: e\n'': f\n") == {
        "1": "a", "true": "b", "on": "c", "null": "d", "1.10": "e", "": "f",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "\ufeff"])
def test_nothing_is_null(text):
    document = read_document(text, "a.yaml")
    assert document.data is None
    assert () in document.places


def test_explicit_beginnings_ends_and_line_breaks():
    assert read("%YAML 1.2\n---\r\na: 1\r\nb: 2\r\n...\r\n") == {"a": 1, "b": 2}


def test_everything_has_its_place():
    document = read_document(SAMPLE, "a.yaml")
    second = {"name": "b", "notes": "first\n\nsecond\n", "folded": "one two", "empty": None}
    assert document.data == {
        "rules": [{"name": "a", "for": "2m", "limits": {"max": 3, "per": "1h", "é": [1, "it's"]}}, second],
        "again": second,
    }
    places = document.places
    assert places[()] == Place(2, 1)
    assert places["rules", 0] == Place(3, 5)
    assert places["rules", 0, "name"] == Place(3, 11, '"', 3)
    assert places["rules", 0, "for"] == Place(4, 10, "", 2)
    assert places["rules", 0, "limits", "é", 1] == Place(5, 38, "'", 7)
    assert places["rules", 1, "notes"] == Place(8, 12, "|")
    assert places["again", "name"] == places["rules", 1, "name"] == Place(7, 11, "", 1)
    assert document.key_places["rules", 0, "limits", "per"] == Place(5, 22, "", 3)
    assert document.key_places["rules", 1, "empty"] == Place(15, 5, "", 5)
    assert set(document.key_places) < set(places)


def as_tuple(node: Node):
    mark = (node.start_mark.line, node.start_mark.column)
    if isinstance(node, ScalarNode):
        return node.tag, mark, (node.end_mark.line, node.end_mark.column), node.style or "", node.value
    parts = [part for item in node.value for part in (item if isinstance(item, tuple) else (item,))]
    return node.tag, mark, [as_tuple(part) for part in parts]


@pytest.mark.skipif(not HAS_LIBYAML, reason="PyYAML was built without libyaml")
def test_both_parsers_see_the_same():
    assert as_tuple(LibyamlComposing(SAMPLE).get_single_node()) == as_tuple(PythonComposing(SAMPLE).get_single_node())


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Zl", "Zp")), max_size=12)
NUMBERS = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_json_means_what_json_means(value):
    assert read(json.dumps(value, ensure_ascii=False)) == value
