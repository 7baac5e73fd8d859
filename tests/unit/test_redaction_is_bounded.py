import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediator.core.redaction import redact, redact_tree, shorten

LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(max_size=5))
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30)
HOSTILE = ["token=", "a:b@", "://", "x://a:", "password", '"name":"password","value":"', "-----BEGIN PRIVATE KEY-----",
           "é token=a ", "Bearer ", "sk-", "eyJaaaa.", "\\", '"', "'", "key=" * 3, "@", "Cookie:"]  # fmt: skip


@given(st.text(), st.integers(1, 60))
def test_text_is_never_longer_than_asked(text, limit):
    assert len(redact(text * 20, limit)) <= limit
    assert len(shorten(text, limit)) <= limit


def test_a_cut_says_how_much_is_gone():
    assert redact("a" * 100_000, 60) == "a" * 33 + "… (99967 more characters)"


def test_a_secret_that_crosses_the_limit_is_not_cut_in_two():
    shown = redact("x" * 90 + " postgres://app:hunter2hunter2@db", 112)
    assert "hunter2" not in shown


@settings(max_examples=40)
@given(TREES, st.integers(50, 400))
def test_a_tree_stays_within_its_limit(tree, limit):
    shown = redact_tree(tree, limit)
    # The last value and the marks of what is left out stand beyond the limit, no more.
    assert len(repr(shown)) <= limit * 8 + 1000


def test_a_large_tree_says_what_is_left_out():
    assert redact_tree([1] * 100, 100)[-1].startswith("… ")
    assert redact_tree({str(n): "x" * 10 for n in range(100)}, 100)["…"].endswith("more left out")
    deep: object = 1
    for _ in range(500):
        deep = [deep]
    assert "nested too deeply" in str(redact_tree(deep, 1000))
    assert redact_tree(2**100, 100) == "a whole number of 101 bits"


@pytest.mark.parametrize("seed", HOSTILE)
def test_the_cost_grows_with_the_text_not_with_its_square(seed):
    def cost(size: int) -> float:
        text = (seed * size)[:size]
        times = []
        for _ in range(3):
            began = time.process_time()
            redact(text, size)
            times.append(time.process_time() - began)
        return min(times)

    small, large = cost(4_000), cost(32_000)
    # Eight times the text; a square would be 64 times. Twenty leaves room for a busy machine.
    assert large < max(small, 0.0005) * 20


def test_half_a_surrogate_pair_is_survived():
    assert redact("password=\ud800x ok") == "password=[hidden] ok"
