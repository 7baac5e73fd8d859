"""The policy that selects the pods, names that do not resolve and a Service without endpoints are told."""

import copy

from fakes.dns_server import Zone, dns_server

ROWS = ("AP-7",)
BACKENDS = {"kubernetes": "fake", "dns": "fake", "http": "fake"}


async def test_the_policy_and_the_names(platform):
    world = platform.kubernetes.world
    world.put("networkpolicies", {"metadata": {"name": "deny-all", "namespace": "shop"}, "spec": {
        "podSelector": {"matchLabels": {"app": "api-gateway"}}, "policyTypes": ["Ingress"], "ingress": [],
    }})  # fmt: skip
    for pod in world.of("pods", "shop"):
        waiting = copy.deepcopy(pod)
        waiting["status"]["conditions"] = [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}]
        world.put("pods", waiting)
    platform.endpoints()
    platform.gateway.answers["/health"] = 503
    async with dns_server(Zone()) as server:
        platform.connections["network"]["inside"] = {
            "host": "127.0.0.1", "port": 1, "names": ["api-gateway.shop.svc.cluster.local"], "servers": [server],
        }  # fmt: skip
        async with platform.up() as daemon:
            run = await daemon.alert(alertname="AIServiceUnreachable", platform="ai", severity="warning")
            await daemon.ends(run, "observed")
            report = await daemon.report(run)
    assert "deny-all" in report
    assert "no such name" in report
    assert "503" in report
    assert platform.writes() == []
