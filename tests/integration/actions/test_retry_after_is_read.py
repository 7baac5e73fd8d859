import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediator.actions.answers.failures import retry_after

NOW = 1_700_000_000_000_000  # Tue, 14 Nov 2023 22:13:20 GMT


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0), (" 120 ", 120.0), ("1.5", None), ("", None), ("999999", 86_400.0),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60.0), ("Tue, 14 Nov 2023 23:14:20 +0100", 60.0),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0.0), ("Tue, 14 Nov 2033 22:00:00 GMT", 86_400.0), ("٣", None),
    ],
)  # fmt: skip
def test_what_it_means(text, seconds):
    assert retry_after({"Retry-After": text}, NOW) == seconds


@given(
    st.one_of(st.text(max_size=80), st.from_regex(r"[A-Z][a-z]{2}, \d{1,4} [A-Z][a-z]{2} \d+ \d\d:\d+:\d\d [+-]?\w+"))
)
def test_nothing_breaks_it(text):
    found = retry_after({"Retry-After": text}, NOW)
    assert found is None or 0 <= found <= 86_400
