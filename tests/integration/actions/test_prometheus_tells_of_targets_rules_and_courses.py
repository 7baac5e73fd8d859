import asyncio
import time

import pytest
from aiohttp import web
from fakes.prometheus_servers import start_prometheus
from fakes.small_server import closed_port, serve
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from remediator.actions.prometheus.range import slope
from remediator.errors import PermanentError

RULES = {"groups": [{"name": "g", "rules": [
    {"alert": "Fires", "expr": "up == 1"},
    {"alert": "Waits", "expr": "up == 1", "for": "1h"},
    {"alert": "Quiet", "expr": "up > 7"},
    {"record": "broken", "expr": 'up * on (nothing) group_left label_replace(up, "a", "b", "c", "d")'},
]}]}  # fmt: skip


def now(context):
    return replace(context, now=time.time_ns() // 1000)


async def test_a_real_prometheus(connected, perform, tmp_path):
    began = time.monotonic()

    async def metrics(_request):
        return web.Response(text=f"leak_bytes {1000 + 100 * (time.monotonic() - began)}\n")

    async with serve(metrics) as service:
        nobody = f"127.0.0.1:{await closed_port()}"
        async with start_prometheus(tmp_path, [service.url, nobody], RULES) as server:
            context = connected("prometheus", "default", url=server.url)
            for _ in range(300):
                targets = await perform("prometheus.targets", context)
                rules = await perform("prometheus.rules", context)
                course = await perform("prometheus.range", now(context), query="leak_bytes", over="20s", samples=40)
                if targets.up and targets.down and rules.firing and rules.failing and course.points > 5 and course.slope_per_hour:
                    break
                await asyncio.sleep(0.1)
            assert (targets.holds, targets.up, targets.down, targets.total) == (False, 1, 1, 2)
            assert "refused" in targets.last_error
            assert targets.down_targets[0].instance == nobody
            assert [(job.job, job.up, job.down) for job in targets.jobs] == [("test", 1, 1)]
            up = await perform("prometheus.targets", context, instance=service.url.removeprefix("http://"))
            assert (up.holds, up.reason) == (True, "all 1 are up")
            none = await perform("prometheus.targets", context, job="other")
            assert (none.holds, none.reason) == (False, "Prometheus scrapes no such target")

            assert [(rule.name, rule.state) for rule in rules.rules] == [("Fires", "firing"), ("Waits", "pending"), ("Quiet", "inactive")]
            assert (rules.alerting, rules.firing, rules.pending, rules.inactive, rules.failing) == (3, 1, 1, 1, 1)
            assert (rules.failures[0].name, rules.failures[0].kind) == ("broken", "recording")
            assert rules.failures[0].error
            assert (await perform("prometheus.rules", context, rule="Fi.*")).alerting == 1

            assert course.count == 1
            assert course.first == course.min < course.last == course.max
            assert course.slope_per_hour == pytest.approx(360_000, rel=0.35)
            both = await perform("prometheus.range", now(context), query="up", over="10s", samples=5)
            assert (both.count, both.slope_per_hour, len(both.series)) == (2, None, 2)
            with pytest.raises(PermanentError, match="parse error"):
                await perform("prometheus.range", now(context), query="up{", over="10s")


@pytest.mark.parametrize("name", ["targets", "rules", "range"])
@pytest.mark.parametrize("data", [{}, {"data": []}, {"data": {"activeTargets": 3, "groups": [{"rules": 1}, 2], "resultType": "matrix", "result": [1]}}])
async def test_a_strange_answer_never_crashes(connected, perform, name, data):
    async with serve(web.json_response({"status": "success", **data})) as server:
        context = connected("prometheus", "default", url=server.url)
        args = {"query": "up"} if name == "range" else {}
        try:
            said = await perform(f"prometheus.{name}", context, **args)
        except PermanentError:
            return
        assert not getattr(said, "holds", False)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.integers(2, 50))
def test_the_slope_of_a_line_is_its_own(start, grows, count):
    points = [(1.7e9 + 60 * n, start + grows * n / 60) for n in range(count)]
    assert slope(points) == pytest.approx(grows, rel=1e-3, abs=1e-3)


@given(st.lists(st.tuples(st.floats(0, 4e9), st.floats(allow_nan=False, allow_infinity=False)), max_size=20))
def test_a_slope_is_a_number_or_none(points):
    found = slope(points)
    assert found is None or abs(found) < float("inf")
