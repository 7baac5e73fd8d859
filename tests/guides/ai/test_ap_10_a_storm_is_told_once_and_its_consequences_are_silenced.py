"""A real Alertmanager: one digest, what follows from the root silenced for an hour, critical alerts still loud."""

import aiohttp
from fakes.prometheus_servers import post_alert, start_alertmanager

ROWS = ("AP-10",)
BACKENDS = {"alertmanager": "real", "prometheus": "fake"}
STORM = {"alertname": "AIAlertStorm", "platform": "ai", "severity": "warning"}


async def asked(url, path):
    async with aiohttp.ClientSession() as session, session.get(f"{url}/api/v2/{path}") as answer:
        return await answer.json()


async def test_the_storm(platform, tmp_path):
    platform.prometheus.answers["/api/v1/rules"] = {"status": "success", "data": {"groups": []}}
    platform.connections["prometheus"]["default"] = platform.prometheus.connection()
    async with start_alertmanager(tmp_path) as alertmanager:
        platform.connections["alertmanager"]["default"] = {"url": alertmanager.url}
        for n in range(7):
            severity = "critical" if n == 0 else "warning"
            await post_alert(alertmanager.url, {"alertname": "AIGatewayErrors", "platform": "ai", "pod": str(n), "severity": severity})
        await post_alert(alertmanager.url, {"alertname": "AIDatabaseDown", "platform": "ai", "severity": "critical"})
        await post_alert(alertmanager.url, {"alertname": "AIGatewayErrors", "platform": "z2", "severity": "warning"})

        async def quiet():
            silences = await asked(alertmanager.url, "silences")
            return bool(silences)

        platform.prometheus.values = {"ALERTS_FOR_STATE": 31.0}
        async with platform.up() as daemon:
            run = await daemon.alert(**STORM)
            await daemon.approve(run, reason="the database is being restored")
            await daemon.reaches(run, "verifying")
            assert await quiet()
            (silence,) = await asked(alertmanager.url, "silences")
            alerts = await asked(alertmanager.url, "alerts")
            # The silence does not make it well: Prometheus goes on counting.
            platform.prometheus.values = {"ALERTS_FOR_STATE": 2.0}
            await daemon.ends(run, "succeeded")
            report = await daemon.report(run)
    assert silence["createdBy"] == "remediator"
    states = {(a["labels"]["alertname"], a["labels"].get("pod"), a["labels"]["platform"]): a["status"]["state"] for a in alerts}
    assert states["AIGatewayErrors", "3", "ai"] == "suppressed"
    assert states["AIGatewayErrors", "0", "ai"] == "active"  # critical
    assert states["AIDatabaseDown", None, "ai"] == "active"
    assert states["AIGatewayErrors", None, "z2"] == "active"
    assert "AIGatewayErrors" in report


async def test_what_may_be_a_consequence_is_held(platform):
    async with platform.up() as daemon:
        await daemon.alert(**STORM)
        run = await daemon.alert(alertname="AIGatewaySlow", platform="ai", severity="warning")
        held = await daemon.reaches(run, "held")
    assert "AIAlertStorm" in held["reason"]


async def test_a_silence_does_not_outlive_its_root(platform, tmp_path):
    platform.prometheus.answers["/api/v1/rules"] = {"status": "success", "data": {"groups": []}}
    platform.connections["prometheus"]["default"] = platform.prometheus.connection()
    platform.prometheus.values = {"ALERTS_FOR_STATE": 31.0}
    errors = {"alertname": "AIGatewayErrors", "platform": "ai", "severity": "warning"}
    root = {"alertname": "AIDatabaseDown", "platform": "ai", "severity": "critical"}
    async with start_alertmanager(tmp_path) as alertmanager:
        platform.connections["alertmanager"]["default"] = {"url": alertmanager.url}
        for n in range(6):
            await post_alert(alertmanager.url, errors | {"pod": str(n)})
        await post_alert(alertmanager.url, root)
        async with platform.up(edit=again_at_once) as daemon:
            first = await daemon.alert(**STORM)
            await daemon.approve(first)
            await daemon.reaches(first, "verifying")
            platform.prometheus.values = {"ALERTS_FOR_STATE": 2.0}
            await daemon.ends(first, "succeeded")
            await post_alert(alertmanager.url, root, over=True)
            platform.prometheus.values = {"ALERTS_FOR_STATE": lambda: 31.0}
            second = await daemon.alert(**STORM | {"again": "1"})
            await daemon.reaches(second, "verifying")
            platform.prometheus.values = {"ALERTS_FOR_STATE": 2.0}
            await daemon.ends(second, "succeeded")
        (silence,) = await asked(alertmanager.url, "silences")
    assert silence["status"]["state"] == "expired"


def again_at_once(document):
    (rule,) = (rule for rule in document["rules"] if rule["name"].startswith("AP-10"))
    rule["limits"] = {"cooldown": "0s"}
