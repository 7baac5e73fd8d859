import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediator.actions.kubernetes.quantities import quantity, share


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("250m", 0.25), ("1.5", 1.5), ("2", 2.0), ("128Mi", 128 * 2**20), ("1Gi", 2**30), ("1e3", 1000.0),
        ("12E", 12e18), ("1E3", 1000.0), ("100n", 1e-7), ("350u", 0.00035), (".5", 0.5), ("5.", 5.0), ("-1", -1.0),
        (3, 3.0), (0.5, 0.5),
    ],
)  # fmt: skip
def test_as_the_api_writes_them(text, meant):
    assert quantity(text) == pytest.approx(meant)


@pytest.mark.parametrize("text", ["", "1 Gi", "Gi", "1KB", "0x10", "1e", "1e3Gi", "\u0661", "9" * 99, None, True, [], 10**40])
def test_what_is_none(text):
    assert quantity(text) is None


@given(st.one_of(st.text(), st.floats(), st.integers(), st.from_regex(r"[0-9.]{1,40}[a-zA-Z]{0,2}[-+0-9]{0,3}")))
def test_nothing_crashes_it(value):
    found = quantity(value)
    assert found is None or isinstance(found, float)


def test_shares():
    assert share(1, 4) == 0.25
    assert share(None, 4) is None
    assert share(1, 0) is None
    assert share(1, None) is None
