import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediator.actions.kubernetes.amount import Amount, amount
from remediator.errors import PermanentError


@pytest.mark.parametrize(
    ("now", "asked", "wanted"),
    [
        (4, {"by": "+50%"}, 6), (3, {"by": "+50%"}, 5), (1, {"by": "+10%"}, 2), (3, {"by": "-50%"}, 2),
        (4, {"by": "+2"}, 6), (4, {"by": 2}, 6), (4, {"by": -1}, 3), (4, {"by": "-9"}, 1),
        (4, {"by": "+50%", "max": 5}, 5), (4, {"by": "-3", "min": 2}, 2), (4, {"by": "-9", "min": 0}, 0),
        (4, {"replicas": 7}, 7), (4, {"replicas": 0}, 0), (0, {"replicas": 3}, 3),
        (4, {"replicas": 12, "max": 8}, 8), (4, {"replicas": 1, "min": 2}, 2),
    ],
)  # fmt: skip
def test_examples(now, asked, wanted):
    assert amount(Amount(**asked), now) == wanted


@pytest.mark.parametrize(
    ("now", "asked", "words"),
    [
        (8, {"by": "+2", "max": 8}, "there are 8 replicas and max is 8"),
        (10, {"by": "+2", "max": 8}, "there are 10 replicas and max is 8"),
        (2, {"by": "-1", "min": 2}, "min is 2"),
        (1, {"by": "-1"}, "min is 1"),
        (3, {"by": "-10%"}, "is none"),
        (3, {"by": "+0"}, "is none"),
        (0, {"by": "+2"}, "scaled to zero"),
    ],
)
def test_a_relative_change_that_would_change_nothing_says_so(now, asked, words):
    with pytest.raises(PermanentError, match=words):
        amount(Amount(**asked), now)


@pytest.mark.parametrize(
    "asked",
    [
        {}, {"replicas": 2, "by": "+1"}, {"replicas": -1}, {"replicas": 1_000_001}, {"by": "50%"}, {"by": "+50 %"},
        {"by": "+1.5"}, {"by": "++1"}, {"by": "+1\n"}, {"by": "+٣"}, {"by": True}, {"by": "+1", "min": 5, "max": 2},
        {"replicas": "many"}, {"by": "+2", "limit": 3},
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused(asked):
    with pytest.raises(ValueError, match="validation error"):
        Amount(**asked)


@given(
    now=st.integers(0, 10_000), sign=st.sampled_from("+-"), count=st.integers(0, 99_999), percent=st.booleans(),
    limits=st.tuples(st.none() | st.integers(0, 500), st.none() | st.integers(0, 500)),
)  # fmt: skip
def test_a_relative_change_keeps_its_direction_and_its_limits(now, sign, count, percent, limits):
    low, high = limits
    if low is not None and high is not None and low > high:
        low, high = high, low
    p = Amount(by=f"{sign}{count}{'%' if percent else ''}", min=low, max=high)
    try:
        wanted = amount(p, now)
    except PermanentError:
        return
    assert (wanted > now) == (sign == "+")
    assert wanted != now
    assert high is None or sign == "-" or wanted <= high
    assert sign == "+" or wanted >= (1 if low is None else low)


async def test_the_intent_holds_a_number_and_what_was_there(server, context, scale, web):
    server.world.workload("deployment", "web", replicas=4)
    p = scale.parameters(**web, by="+50%", max=8)
    assert not scale.idempotent(p)
    intent = await scale.resolve(p, context)
    assert (intent.parameters.replicas, intent.parameters.by) == (6, None)
    assert intent.before == {"replicas": 4}
    assert scale.idempotent(intent.parameters)
    assert scale.parameters.model_validate(intent.parameters.model_dump(mode="json")) == intent.parameters
    assert not server.of("PATCH")
