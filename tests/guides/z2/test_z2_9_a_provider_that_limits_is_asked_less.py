"""The provider refuses: one that limits is asked less when a person agrees; a wrong key is evidence."""

from aiohttp import web

ROWS = ("Z2-9",)
BACKENDS = {"http": "fake", "kubernetes": "fake", "prometheus": "fake"}


async def test_fewer_calls_at_the_same_time(z2):
    def lowered():
        return z2.env().get("LLM_MAX_CONCURRENCY") == "4"

    async def models(_request):
        return web.json_response({"data": []}, status=200 if lowered() else 429)

    z2.provider.answers["/v1/models"] = models
    z2.prometheus.values["z2_llm_requests_total"] = lambda: 0 if lowered() else 0.6
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2ProviderErrors", **z2.alert)
        asked = await daemon.approve(run)
        assert "pods restart" in asked["reason"]
        await daemon.ends(run, "succeeded")
    assert z2.env() | {"LLM_RETRY_ATTEMPTS": "3", "LLM_RETRY_MIN_SECONDS": "4", "LLM_RETRY_MAX_SECONDS": "10"} == z2.env()


async def test_a_wrong_key_is_told(z2, site):
    z2.connections["http"]["llm"]["bearer_token_file"] = site.file("key", "sk-not-for-reports\n")
    z2.provider.answers["/v1/models"] = (401, {"error": {"code": "invalid_api_key"}})
    z2.prometheus.values["z2_llm_requests_total"] = 1.0
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2ProviderErrors", **z2.alert)
        await daemon.ends(run, "escalated")
        said = await daemon.report(run)
    assert z2.writes() == []
    assert "401" in said
    assert "sk-not-for-reports" not in said
