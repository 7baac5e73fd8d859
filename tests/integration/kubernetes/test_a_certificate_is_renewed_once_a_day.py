import copy
import json

import pytest
from fakes.kubernetes_changes import request_for
from fakes.kubernetes_looks import certificate
from msgspec.structs import replace

from remediator.core.durations import SECOND
from remediator.errors import AmbiguousError, PermanentError, TemporaryError

DAY = 86_400


@pytest.fixture
def renew(actions):
    return actions["renew_certificate"]


@pytest.fixture
def there(server):
    certificate(server.world, "web")
    server.world.objects["certificates", "shop", "web"]["metadata"]["generation"] = 4
    request_for(server.world, "web", ago=30 * DAY)
    return server.world.objects["certificates", "shop", "web"]


def status(server):
    return server.world.objects["certificates", "shop", "web"]["status"]


async def test_by_the_condition_that_cmctl_sets(server, context, renew, there):
    version = there["metadata"]["resourceVersion"]
    intent = await renew.resolve(renew.parameters(namespace="shop", name="web"), context)
    done = await renew.perform(intent.parameters, context)
    (patch,) = server.of("PATCH")
    assert patch.path == "/apis/cert-manager.io/v1/namespaces/shop/certificates/web/status"
    assert patch.media == "application/merge-patch+json"
    assert patch.json["metadata"] == {"resourceVersion": version}
    ready, issuing = patch.json["status"]["conditions"]
    assert ready["type"] == "Ready"
    assert issuing == {
        "type": "Issuing", "status": "True", "reason": "ManuallyTriggered",
        "message": "Certificate re-issuance manually triggered", "lastTransitionTime": "2025-06-01T12:00:00Z",
        "observedGeneration": 4,
    }
    assert (done.revision, done.changed) == (3, True)


async def test_again_it_is_asked_for_already(server, context, renew, there):
    intent = await renew.resolve(renew.parameters(namespace="shop", name="web"), context)
    assert await renew.happened(intent, context) is False
    await renew.perform(intent.parameters, context)
    assert not (await renew.perform(intent.parameters, context)).changed
    assert await renew.happened(intent, context) is True


async def test_what_came_of_it_is_recognised(server, context, renew, there):
    intent = await renew.resolve(renew.parameters(namespace="shop", name="web"), context)
    await renew.perform(intent.parameters, context)
    status(server)["conditions"] = [{"type": "Ready", "status": "True"}]  # cert-manager takes Issuing away
    status(server)["revision"] = 4
    request_for(server.world, "web", ago=0)
    later = replace(context, now=context.now + 60 * SECOND)
    assert not (await renew.perform(intent.parameters, later)).changed
    assert await renew.happened(intent, later) is True


async def test_a_failed_try_is_recognised(server, context, renew, there):
    intent = await renew.resolve(renew.parameters(namespace="shop", name="web"), context)
    status(server)["lastFailureTime"] = "2025-06-01T12:00:05Z"
    assert await renew.happened(intent, context) is True


async def test_one_that_is_being_issued_is_left_alone(server, context, renew, there):
    status(server)["conditions"][1]["status"] = "True"
    for call in (renew.resolve, renew.perform, renew.preview):
        with pytest.raises(PermanentError, match="is being issued already"):
            await call(renew.parameters(namespace="shop", name="web"), context)
    assert not server.of("PATCH")


@pytest.mark.parametrize("how", ["request", "failure", "notBefore"])
async def test_not_again_within_a_day(server, context, renew, there, how):
    if how == "request":
        request_for(server.world, "web", ago=DAY - 60)
    elif how == "failure":
        status(server)["lastFailureTime"] = server.world.stamp(DAY - 60)
    else:
        status(server)["notBefore"] = server.world.stamp(DAY - 60)
    with pytest.raises(PermanentError, match="23h59m ago; not again within 1d"):
        await renew.resolve(renew.parameters(namespace="shop", name="web"), context)
    shorter = renew.parameters(namespace="shop", name="web", not_again_within="12h")
    assert (await renew.perform(shorter, context)).changed


async def test_others_requests_do_not_count(server, context, renew, there):
    request_for(server.world, "other", ago=60)
    assert (await renew.perform(renew.parameters(namespace="shop", name="web"), context)).changed


async def test_a_write_in_between_is_a_conflict(server, context, renew, there):
    stale = copy.deepcopy(there)
    server.world.put("certificates", there)
    server.answer("get", "certificates", body=json.dumps({**stale, "metadata": {**stale["metadata"], "resourceVersion": "1"}}).encode())
    with pytest.raises(TemporaryError, match="409"):
        await renew.perform(renew.parameters(namespace="shop", name="web"), context)


async def test_a_lost_answer_is_told_by_the_condition(server, context, renew, there):
    intent = await renew.resolve(renew.parameters(namespace="shop", name="web"), context)
    server.drop("patch", applied=True, times=1)
    with pytest.raises(AmbiguousError):
        await renew.perform(intent.parameters, context)
    assert await renew.happened(intent, context) is True


async def test_the_preview_says_so_and_does_not(server, context, renew, there):
    before = copy.deepcopy(server.world.objects)
    shown = await renew.preview(renew.parameters(namespace="shop", name="web"), context)
    assert shown.startswith("certificate shop/web, valid until 2025-07-31")
    assert server.world.objects == before


@pytest.mark.parametrize("served", [True, False])
async def test_without_one_or_without_cert_manager(server, context, renew, served):
    if not served:
        server.absent.add("cert-manager.io")
    with pytest.raises(PermanentError, match="404"):
        await renew.resolve(renew.parameters(namespace="shop", name="web"), context)
