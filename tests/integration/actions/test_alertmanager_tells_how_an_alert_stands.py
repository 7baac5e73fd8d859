import asyncio

import pytest
from fakes.prometheus_servers import post_alert, post_silence, start_alertmanager

from remediator.actions.alertmanager import FiringState, still_firing
from remediator.errors import PermanentError

HOSTILE = {"alertname": "Odd", "path": 'C:\\dir "x", y="z";+&%', "text": "two\nlines é ✓"}


async def wait_for(ask, wanted):
    for _ in range(100):
        if await ask() == wanted:
            return
        await asyncio.sleep(0.05)
    assert await ask() == wanted


async def test_a_real_alertmanager(connected, perform, tmp_path):
    inhibit = {"source_matchers": ["alertname=Outage"], "target_matchers": ["alertname=Slow"], "equal": ["site"]}
    async with start_alertmanager(tmp_path, inhibit_rules=[inhibit]) as server:
        context = connected("alertmanager", "default", url=server.url)

        async def state(**labels):
            return await still_firing(context, "default", labels)

        async def alerts(**args):
            return await perform("alertmanager.alerts", context, **args)

        one, more = {"alertname": "Slow", "pod": "a"}, {"alertname": "Slow", "pod": "a", "zone": "z"}
        assert await state(**one) is FiringState.GONE
        await post_alert(server.url, more)
        # The API finds it by a subset of its labels; it is another alert all the same.
        assert await state(**one) is FiringState.GONE
        assert await state(**more, other="x") is FiringState.GONE
        assert await state(**more) is FiringState.FIRING
        assert await state(**more, empty="") is FiringState.FIRING
        assert (await alerts(labels=one)).resolved
        subset = await alerts(matchers=['alertname="Slow"', 'pod=~"a|b"'], **{"is": "firing"})
        assert (subset.holds, subset.firing, subset.alerts[0].labels) == (True, 1, more)
        assert subset.reason == "1 firing, 0 silenced, 0 inhibited"

        await post_alert(server.url, one)
        await post_silence(server.url, {"zone": "z"})
        await wait_for(lambda: state(**more), FiringState.SILENCED)
        assert await state(**one) is FiringState.FIRING
        assert (await alerts(labels=more, **{"is": "silenced"})).holds
        assert not (await alerts(matchers=['alertname="Slow"'], **{"is": "silenced"})).holds
        silenced = await alerts(labels=more)
        assert (silenced.holds, silenced.silenced, silenced.resolved) == (False, 1, False)

        quiet = {"alertname": "Slow", "site": "s"}
        await post_alert(server.url, {"alertname": "Outage", "site": "s"})
        await post_alert(server.url, quiet)
        await wait_for(lambda: state(**quiet), FiringState.INHIBITED)
        inhibited = await alerts(labels=quiet)
        assert (inhibited.holds, inhibited.inhibited, inhibited.firing) == (False, 1, 0)

        await post_alert(server.url, one, over=True)
        await wait_for(lambda: state(**one), FiringState.GONE)
        assert (await alerts(labels=one)).holds

        await post_alert(server.url, HOSTILE)
        assert await state(**HOSTILE) is FiringState.FIRING
        assert (await alerts(labels=HOSTILE, **{"is": "firing"})).firing == 1

        with pytest.raises(PermanentError, match="400"):
            await alerts(matchers=["alertname"])
        with pytest.raises(PermanentError, match="400"):
            await alerts(matchers=['alertname="a", pod="b"'])
