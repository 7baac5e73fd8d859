"""Too many errors: the CRM, the database or the CPU, by what the log, /health and the machine say."""

ROWS = ("SM-4",)
BACKENDS = {
    "systemd": "fake", "ssh": "real", "postgres": "real", "http": "fake", "kubernetes": "fake",
    "prometheus": "fake", "host": "fake",
}  # fmt: skip
CRM = "2026-01-05T01:00:00+0000 sergas app[9]: ERROR zoho request failed after timeout"
DATABASE = "2026-01-05T01:00:00+0000 sergas app[9]: ERROR sqlalchemy QueuePool limit reached"


async def connections(service, postgres, prometheus, kubernetes, *, zoho="authenticated"):
    app = await service({"/health": {"zoho": zoho}})
    kubernetes.world.workload("deployment", "sergas-app", namespace="sergas", replicas=2)
    return {
        "http": {"sergas": app.connection()}, "postgres": {"sergas": postgres.connection()},
        "prometheus": {"default": prometheus.connection()}, "kubernetes": {"default": kubernetes.connection},
    }  # fmt: skip


async def test_the_crm_fails_over(sm, alert, service, postgres, prometheus, kubernetes):
    sm.machine.journal(*[CRM] * 20, DATABASE)
    prometheus.values["sergas_http_requests_total"] = lambda: 0.01 if sm.machine.restarts else 0.3
    known = await connections(service, postgres, prometheus, kubernetes, zoho="circuit open")
    async with sm.running(known) as daemon:
        run = await daemon.alert(alertname="SergasErrorRateHigh", **alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
        report = await daemon.report(run)
    assert sm.machine.variables == {"CIRCUIT_BREAKER_FAILURE_THRESHOLD": "3", "ENABLE_FAILOVER": "true", "MAX_RETRY_ATTEMPTS": "5"}
    assert "steps.errors.counts.crm = 20" in report
    assert "steps.errors.counts.database = 1" in report


async def test_the_database_is_waited_for_longer(sm, alert, service, postgres, prometheus, kubernetes):
    sm.machine.journal(*[DATABASE] * 20, CRM)
    prometheus.values["sergas_http_requests_total"] = lambda: 0.01 if sm.machine.restarts else 0.3
    async with sm.running(await connections(service, postgres, prometheus, kubernetes)) as daemon:
        run = await daemon.alert(alertname="SergasErrorRateHigh", **alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
    assert sm.machine.variables == {"DATABASE_TIMEOUT": "60"}


async def test_a_busy_machine_gets_company_without_asking(sm, alert, service, postgres, prometheus, kubernetes):
    def replicas():
        return kubernetes.world.objects["deployments", "sergas", "sergas-app"]["spec"]["replicas"]

    prometheus.values["sergas_http_requests_total"] = lambda: 0.01 if replicas() > 2 else 0.3
    known = await connections(service, postgres, prometheus, kubernetes)
    sm.machine.processors(0.95)
    async with sm.running(known, params={"connections_per_replica": 2}) as daemon:
        run = await daemon.alert(alertname="SergasErrorRateHigh", **alert)
        await daemon.ends(run, "succeeded")
    assert replicas() == 5
    assert sm.machine.restarts == []

