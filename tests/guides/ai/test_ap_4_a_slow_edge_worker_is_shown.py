"""CPU time, calls and what KV was asked come from the provider's analytics, keys from its API; nothing is changed."""

from aiohttp import web

ROWS = ("AP-4",)
BACKENDS = {"http": "fake"}
CALLS = {"workersInvocationsAdaptive": [{"sum": {"requests": 5000, "errors": 1}, "quantiles": {"cpuTimeP50": 9000, "cpuTimeP99": 180_000}}]}
KV = {"kvOperationsAdaptiveGroups": [{"sum": {"requests": 900}, "dimensions": {"actionType": "list"}}, {"sum": {"requests": 4200}, "dimensions": {"actionType": "read"}}]}


async def analytics(request):
    asked = await request.json()
    found = KV if "kvOperations" in asked["query"] else CALLS
    return web.json_response({"data": {"viewer": {"accounts": [found]}}, "errors": None})


async def test_what_its_provider_counts(platform):
    platform.provider.answers["POST /graphql"] = analytics
    async with platform.up() as daemon:
        run = await daemon.alert(alertname="AIEdgeWorkerSlow", platform="ai", severity="warning")
        await daemon.ends(run, "observed")
        report = await daemon.report(run)
    assert "180000, not below 50000" in report
    assert "found={reads=4200, writes=null, lists=900}" in report
    assert "value=17" in report  # keys
    asked = [body for method, path, body in platform.provider.requests if path == "/graphql"]
    assert sorted(body["variables"].get("script", body["variables"].get("namespace")) for body in asked) == ["ai-worker", "kv-1"]
    assert {method for method, path, _ in platform.provider.requests if path != "/graphql"} == {"GET"}
    assert not platform.worker.changes()
    assert platform.writes() == []
