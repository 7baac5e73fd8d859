import pytest
from fakes.kubernetes_looks import certificate


@pytest.fixture
def look(actions, context):
    async def look(**values):
        action = actions["certificate"]
        return await action.perform(action.parameters(**{"name": "shop", "namespace": "shop", **values}), context)

    return look


async def test_a_good_one(server, look):
    certificate(server.world, "shop", days=60)
    found = await look(days=14)
    assert (found.holds, found.installed, found.exists, found.ready, found.issuing) == (True, True, True, True, False)
    assert (found.days_left, found.not_after, found.renewal_at) == (60.0, "2025-07-31T12:00:00Z", "2025-07-01T12:00:00Z")
    assert (found.secret, found.issuer, found.dns_names, found.revision) == (
        "shop-tls", "ClusterIssuer/letsencrypt", ("shop.example",), 3,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("made", "asked", "words"),
    [
        ({"days": 10}, {"days": 14}, "valid for 10.0 more days"),
        ({"days": -1}, {}, "expired"),
        ({"ready": "False", "issuing": "True"}, {}, "not ready: the certificate's own words"),
    ],
)
async def test_one_that_is_not(server, look, made, asked, words):
    certificate(server.world, "shop", **made)
    found = await look(**asked)
    assert not found.holds
    assert words in found.reason
    assert found.issuing == (made.get("issuing") == "True")


async def test_one_that_was_never_issued(server, look):
    made = certificate(server.world, "shop", ready="False")
    made["status"] = {}
    found = await look()
    assert (found.holds, found.exists, found.days_left, found.not_after) == (False, True, None, "")


async def test_absence_is_a_finding(server, look):
    found = await look()
    assert (found.holds, found.installed, found.exists) == (False, True, False)
    server.absent = {"cert-manager.io"}
    found = await look()
    assert (found.holds, found.installed, found.exists, found.days_left) == (False, False, False, None)
    assert "cert-manager" in found.reason
