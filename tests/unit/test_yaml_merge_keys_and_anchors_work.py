import pytest

from remediator.errors import ConfigurationError
from remediator.interfaces.documents import Place, read_document

MERGED = """\
low: &low {mode: observe, for: 1m}
high: &high
  mode: auto
one:
  <<: *low
  for: 5m
two:
  <<: [*high, *low]
three: {"<<": 1}
"""


def test_a_mapping_takes_what_it_does_not_say_itself():
    document = read_document(MERGED, "a.yaml")
    assert document.data["one"] == {"for": "5m", "mode": "observe"}
    assert document.data["two"] == {"mode": "auto", "for": "1m"}  # what comes first counts
    assert document.data["three"] == {"<<": 1}
    assert document.places["two", "for"] == Place(1, 32, "", 2)  # where it is written


@pytest.mark.parametrize("text", ["a: 1\n<<: 3\n", "a: &a [1]\n<<: *a\n", "<<: [{a: 1}, 2]\n"])
def test_only_mappings_can_be_merged(text):
    with pytest.raises(ConfigurationError, match="<< takes a mapping, or a list of mappings"):
        read_document(text, "a.yaml")


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: &a {b: *a}\n", "a: &a\n  <<: *a\n  b: 1\n", "&a [{<<: [*a]}]"])
def test_nothing_contains_itself(text):
    with pytest.raises(ConfigurationError) as caught:
        read_document(text, "a.yaml")
    assert any("alias of itself" in one.message or "<< takes" in one.message for one in caught.value.problems)


def test_the_same_anchor_twice_side_by_side_is_no_circle():
    assert read_document("a: &a [1]\nb: [*a, *a]\n", "a.yaml").data["b"] == [[1], [1]]
