import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from remediator.actions import registry
from remediator.actions.context import Clients, Context
from remediator.actions.prometheus.lookback import lookback

QUERY = registry.find("prometheus.query")
CONNECTION = registry.connection_model("prometheus").model_validate({"url": "http://h"})
CONTEXT = Context(session=None, clients=Clients(), connections={"prometheus": {"default": CONNECTION}})


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        ("up", 0),
        ("rate(x[5m])", 300),
        ("rate(x[5m]) / rate(y[1h30m])", 5400),
        ("max_over_time(rate(x[5m])[10m:1m])", 900),  # nested ranges add up
        ("max_over_time(rate(x[5m])[10m:])", 900),
        ("rate(x[5m] offset 10m)", 900),
        ("rate(x[5m] offset -10m)", 300),
        ("sum(rate(x[5m] @ end() offset 1h)) by (job)", 3900),
        ("rate(x[1m]) + rate(y[2m] offset 1m) + z", 180),
        ("rate(x{a=\"[9d]\", b='offset 9d'}[5m])", 300),
        ("rate(x[5m]) # and not [9d]", 300),
        ("x{le='\\'[9d]'}", 0),
        ("(x[5m])", 300),
        ("((avg_over_time((rate(x[5m]))[30m:1m])))[1h:]", 5700),
        ("rate(x[300])", 300),  # a bare number counts seconds
        ("rate(x[5m+1m])", 360),
        ("x offset 90", 90),
        ("rate(offset_total[5m])", 300),
        ("", 0),
        (")))x[5m]", 300),
    ],
)
def test_lookback(query, seconds):
    assert lookback(query) == seconds


def settle(context=CONTEXT, **args):
    return QUERY.settle(QUERY.parameters.model_validate(args), context)


def test_the_scrape_interval_is_added():
    assert settle(query="rate(x[5m])") == 315
    slower = registry.connection_model("prometheus").model_validate({"url": "http://h", "scrape_interval": "1m"})
    assert settle(replace(CONTEXT, connections={"prometheus": {"default": slower}}), query="rate(x[5m])") == 360


def test_the_author_knows_better():
    assert settle(query="job:latency:p95", settle="6m") == 360


@given(st.text(alphabet="x[]()5m:{}\"' offset-@1#\\", max_size=60))
def test_no_text_breaks_it(query):
    assert lookback(query) >= 0
