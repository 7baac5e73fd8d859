"""The provider does not know a model: the fallback is set when the provider knows that one and a person agrees."""

ROWS = ("Z2-10",)
BACKENDS = {"http": "fake", "kubernetes": "fake", "prometheus": "fake"}


async def test_it_is_set(z2):
    z2.prometheus.values['status="404"'] = lambda: 0 if z2.env().get("DEFAULT_MODEL") == "gpt-4o-mini" else 12
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2ModelNotFound", model="gpt-4", **z2.alert)
        await daemon.approve(run)
        await daemon.ends(run, "succeeded")
        said = await daemon.report(run)
    assert z2.env() == {"DEFAULT_MODEL": "gpt-4o-mini"}
    assert "gpt-4o-mini" in said  # the provider's list


async def test_not_one_that_is_unknown_too(z2):
    z2.prometheus.values['status="404"'] = 12
    async with z2.up(fallback_model="gpt-4-old") as daemon:
        run = await daemon.alert(alertname="Z2ModelNotFound", model="gpt-4", **z2.alert)
        await daemon.ends(run, "escalated")
    assert z2.writes() == []
