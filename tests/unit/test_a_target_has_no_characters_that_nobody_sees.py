"""A target is read in logs, lists and approvals, and is part of keys: what it holds can be seen."""

import pytest

from remediator.core.plan import target_of
from remediator.errors import RenderError

SEGMENTS = ("host", "{{ labels.host }}")


@pytest.mark.parametrize("char", " \t\n\x1b\x7f\x80\x85\x9b\xa0\u1680\u200b\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\u3000\ufeff")
def test_it_is_refused(char):
    with pytest.raises(RenderError, match="without blanks, slashes or control characters") as refused:
        target_of(SEGMENTS, {"labels": {"host": f"web{char}1"}})
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("name", ["web-1.example.com:9100", "größe", "名前", "a{b}", "user@db"])
def test_any_other_name_is_one(name):
    assert target_of(SEGMENTS, {"labels": {"host": name}}) == f"host/{name}"
