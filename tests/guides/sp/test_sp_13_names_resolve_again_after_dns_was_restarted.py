"""Names that a DNS server refuses: the cluster's DNS is restarted after an approval, and they resolve."""

import pytest
from fakes.dns_server import Zone, dns_server

ROWS = ("SP-13",)
BACKENDS = {"dns": "fake", "kubernetes": "fake"}
ALERT = {"alertname": "DNSFailing", "platform": "service-platform", "service": "api-gateway", "severity": "critical"}
NAME = "auth-service.services.svc.cluster.local"


@pytest.fixture
async def zone(platform):
    """A DNS server that knows the name, and a CoreDNS in the cluster."""
    zone = Zone(**{NAME: ["10.0.0.7"], "auth-service": ["10.0.0.7"]})
    for namespace in ("kube-system", "cluster-dns"):
        platform.kubernetes.world.workload("deployment", "coredns", namespace=namespace)
    platform.programs(cat=(0, "nameserver 10.96.0.10\nsearch services.svc.cluster.local"))
    async with dns_server(zone) as server:
        entry = {"host": NAME, "names": ["auth-service"], "servers": [server]}
        platform.connections["network"]["platform-names"] = entry
        yield zone


async def test_restarted_after_an_approval(platform, zone):
    refuse = zone.answer

    def answer(query, *, udp):
        zone.code = None if platform.restarted("coredns", "cluster-dns") else 2
        return refuse(query, udp=udp)

    zone.answer = answer
    (pod, _) = platform.kubernetes.world.of("pods", "cluster-dns")
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}]
    async with platform.up(system_resolver=False, dns_namespace="cluster-dns") as daemon:
        run = await daemon.alert(**ALERT)
        asked = await daemon.approve(run)
        assert "pods are in trouble" in asked["reason"]
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert platform.restarted("coredns", "cluster-dns")
    assert "nameserver 10.96.0.10" in report
    assert {text for text, _ in zone.asked} >= {NAME}


async def test_where_kube_system_is_protected_people_do_it(platform, zone):
    zone.code = 2
    async with platform.up(system_resolver=False) as daemon:
        run = await daemon.alert(**ALERT)
        await daemon.ends(run, "refused")
    assert platform.writes() == []
