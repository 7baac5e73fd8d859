"""What is slow is shown: traces from the tracing API, a profile, lines of the log. Nothing is changed."""

ROWS = ("SA-9",)
BACKENDS = {"http": "fake", "kubernetes": "fake"}
TRACES = {"data": [
    {"traceID": "4bf92f3577b34da6", "spans": [{"operationName": "GET /accounts", "duration": 3_200_000}]},
    {"traceID": "a3ce929d0e0e4736", "spans": [{"operationName": "GET /deals", "duration": 2_100_000}]},
]}  # fmt: skip


async def test_the_report_has_them(agents):
    agents.traces.answers["/api/traces"] = TRACES
    agents.api.answers["/debug/profile"] = "1.71s load_accounts\n0.20s json_dumps"
    pod = agents.cluster.world.of("pods", "shop")[0]["metadata"]["name"]
    agents.cluster.log(pod, "WARN slow request path=/accounts duration_ms=3200")
    async with agents.daemon() as daemon:
        run = await daemon.alert(alertname="SergasAgentsSlowTraces", platform="sergas-agents")
        await daemon.ends(run, "observed")
        report = await daemon.report(run)
    for said in ("4bf92f3577b34da6", "GET /accounts", "load_accounts", "duration_ms=3200"):
        assert said in report
    asked = agents.traces.requests[0][1]
    assert "service=api-server" in asked
    assert "minDuration=2000ms" in asked
    assert agents.api.changes() == agents.traces.changes() == agents.writes() == []


async def test_a_tracing_service_that_is_away_hides_nothing_else(agents):
    agents.api.answers["/debug/profile"] = "1.71s load_accounts"
    agents.traces.answers["/api/traces"] = 503
    async with agents.daemon() as daemon:
        run = await daemon.alert(alertname="SergasAgentsSlowTraces", platform="sergas-agents")
        await daemon.ends(run, "observed")
        report = await daemon.report(run)
    assert "load_accounts" in report
    assert "503" in report
