import pytest
from fakes.prometheus_servers import start_prometheus
from pydantic import ValidationError

from remediator.actions import registry
from remediator.errors import PermanentError

THREE = " or ".join(f'label_replace(vector({n}), "pod", "p{n}", "", "")' for n in (1, 2, 3))
NAN = "vector(0) / vector(0)"

CASES = [
    ({"query": "vector(3)", "above": 2}, True, 3.0),
    ({"query": "vector(3)", "above": 3}, False, 3.0),
    ({"query": "vector(3)", "at_least": 3}, True, 3.0),
    ({"query": "vector(3)", "below": 3}, False, 3.0),
    ({"query": "vector(3)", "at_most": 3}, True, 3.0),
    ({"query": "vector(3)", "equals": 3}, True, 3.0),
    ({"query": "vector(3)", "equals": 0}, False, 3.0),
    ({"query": "0 * vector(1)", "equals": 0}, True, 0.0),
    ({"query": "3", "equals": 3}, True, 3.0),  # a scalar
    ({"query": "vector(3)"}, True, 3.0),
    ({"query": THREE, "below": 4}, True, None),
    ({"query": THREE, "below": 3}, False, None),  # one of three is not
    ({"query": THREE}, True, None),
    ({"query": "absent_metric", "below": 1}, False, None),
    ({"query": "absent_metric"}, False, None),
    ({"query": NAN, "below": 1}, False, None),
    ({"query": NAN, "above": 1}, False, None),
    ({"query": NAN}, False, None),
    ({"query": f'vector(1) or label_replace({NAN}, "a", "b", "", "")', "above": 0}, False, None),
    ({"query": "vector(1) / vector(0)", "below": 1}, False, None),  # infinite
    ({"query": "scalar(absent_metric)", "below": 1}, False, None),
]


async def test_a_real_prometheus(connected, perform, tmp_path):
    async with start_prometheus(tmp_path) as prometheus:
        context = connected("prometheus", "default", url=prometheus.url)
        for args, holds, value in CASES:
            found = await perform("prometheus.query", context, **args)
            assert (found.holds, found.value) == (holds, value), (args, found.reason)
            assert found.empty is ("absent_metric" in args["query"] and "scalar" not in args["query"])
            assert registry.find("prometheus.query").outputs.model_validate_json(found.model_dump_json()) == found

        three = await perform("prometheus.query", context, query=THREE, below=3)
        assert three.reason == '{pod="p3"} is 3, not below 3'
        assert three.series == 3
        assert [one.labels["pod"] for one in three.values] == ["p3", "p1", "p2"]

        for query, says in (
            ("rate(", "parse error"),
            ("x[5m]", "wrap it"),
            ('"text"', "neither a vector nor a scalar"),
            ("vector(1) + on(a) group_left label_replace(vector(1), 'a', 'b', '', '')[1m:]", "400"),
        ):
            with pytest.raises(PermanentError, match=says) as caught:
                await perform("prometheus.query", context, query=query)
            assert not caught.value.transport


@pytest.mark.parametrize(
    "args", [{"above": 1, "below": 2}, {"below": float("nan")}, {"below": float("inf")}, {"query": ""}, {"blow": 1}]
)
def test_what_makes_no_condition_is_refused(args):
    with pytest.raises(ValidationError):
        registry.find("prometheus.query").parameters.model_validate({"query": "up", **args})
