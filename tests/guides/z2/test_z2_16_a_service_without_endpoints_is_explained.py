"""A Service refuses or is not found: selector, policies, names and ports are looked at; both sides are named."""

from fakes.kubernetes_looks import endpoint_slice

ROWS = ("Z2-16",)
BACKENDS = {"kubernetes": "fake", "network": "real"}


async def test_a_selector_that_fits_no_pod(z2):
    service = z2.kubernetes.world.objects["services", "z2", "z2-backend"]
    service["spec"]["selector"] = {"app": "z2-api"}
    endpoint_slice(z2.kubernetes.world, service)
    z2.programs["getent"] = lambda argv: (0, f"10.0.0.7 {argv[-1]}.z2.svc\n")
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2ServiceUnreachable", service="z2-backend", **z2.alert)
        shown = await daemon.ends(run, "observed")
        said = await daemon.report(run)
    found = {entry["step"]: entry["output"] for entry in shown["journal"]}
    assert found["endpoints"]["why"] == "no_pods_match"
    assert "app=z2-api" in found["endpoints"]["reason"]
    assert found["port"]["status"] == "connected"
    assert "10.0.0.7" in said
    assert z2.writes() == []
