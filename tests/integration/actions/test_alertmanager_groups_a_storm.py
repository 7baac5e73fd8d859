import time

from fakes.prometheus_servers import post_alert, start_alertmanager
from msgspec.structs import replace


async def test_a_real_alertmanager(connected, perform, tmp_path):
    async with start_alertmanager(tmp_path) as server:
        context = replace(connected("alertmanager", "default", url=server.url), now=time.time_ns() // 1000)
        nothing = await perform("alertmanager.groups", context)
        assert (nothing.alerts, nothing.largest, nothing.newest, nothing.top) == (0, 0, "", [])
        for name, pods in (("Slow", 3), ("Down", 1)):
            for pod in range(pods):
                await post_alert(server.url, {"alertname": name, "pod": str(pod), "zone": "z"})
        said = await perform("alertmanager.groups", context)
        assert (said.alerts, said.firing, said.recent, said.groups, said.largest) == (4, 4, 4, 2, 3)
        assert [(group.labels, group.count) for group in said.top] == [({"alertname": "Slow"}, 3), ({"alertname": "Down"}, 1)]
        assert said.newest
        one = await perform("alertmanager.groups", context, by=["zone", "none"], matchers=['alertname="Slow"'], recent="1m")
        assert (one.alerts, one.recent, one.top[0].labels) == (3, 0, {"zone": "z", "none": ""})
