import asyncio
import time
import uuid

import pytest
from msgspec.structs import replace

from remediator.errors import AmbiguousError, PermanentError

pytestmark = pytest.mark.cluster


def flags(**data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "flags"}, "data": data}


async def read(place):
    return await place.api.get(f"/api/v1/namespaces/{place.namespace}/configmaps/flags")


async def test_an_object_is_created_and_removed_again(place):
    apply = place.action("apply")
    p = place.parameters("apply", manifest=flags(beta="off"))
    assert "+beta: off" in await apply.preview(p, place.context)
    intent = await apply.resolve(p, place.context)
    assert await apply.happened(intent, place.context) is False
    assert (await apply.perform(p, place.context)).created
    again = await apply.perform(p, place.context)
    assert (again.created, again.changed) == (False, False)
    assert await apply.happened(intent, place.context) is True
    await apply.undo(intent, place.context)
    with pytest.raises(PermanentError, match="404"):
        await read(place)


async def test_a_field_is_changed_and_put_back_but_not_somebody_elses(place):
    apply = place.action("apply")
    where = f"/api/v1/namespaces/{place.namespace}/configmaps"
    await place.api.request("POST", where, query=[("fieldManager", "somebody")], body=flags(alpha="on", beta="on"))
    with pytest.raises(PermanentError, match='conflict with "somebody"'):
        await apply.resolve(place.parameters("apply", manifest=flags(alpha="off")), place.context)
    intent = await apply.resolve(place.parameters("apply", manifest=flags(gamma="1")), place.context)
    await apply.perform(intent.parameters, place.context)
    assert (await read(place))["data"] == {"alpha": "on", "beta": "on", "gamma": "1"}
    await apply.undo(intent, place.context)
    assert (await read(place))["data"] == {"alpha": "on", "beta": "on"}


async def test_a_misspelt_field_is_found_beforehand(place):
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "flags"}, "dta": {"a": "b"}}
    with pytest.raises(PermanentError, match="dta"):
        await place.action("apply").preview(place.parameters("apply", manifest=manifest), place.context)


@pytest.mark.parametrize("cron", [True, False])
async def test_a_job_is_run_once(place, cron):
    pod = {"containers": [{"name": "app", "image": "registry.k8s.io/pause:3.9"}], "restartPolicy": "Never"}
    job = {"spec": {"backoffLimit": 0, "template": {"spec": pod}}}
    values = {"name": "once", "template": job}
    if cron:
        spec = {"schedule": "0 3 1 1 *", "jobTemplate": job}
        where = f"/apis/batch/v1/namespaces/{place.namespace}/cronjobs"
        await place.api.request("POST", where, body={"metadata": {"name": "nightly"}, "spec": spec})
        values = {"cron_job": "nightly"}
    context = replace(place.context, key=uuid.uuid4().hex)
    run_job = place.action("run_job")
    intent = await run_job.resolve(place.parameters("run_job", **values, wait="5s", ttl="1h"), context)
    assert await run_job.happened(intent, context) is False
    assert "ttlSecondsAfterFinished: 3600" in await run_job.preview(intent.parameters, context)
    for _ in range(2):  # the second finds the first
        try:
            done = await run_job.perform(intent.parameters, context)
        except AmbiguousError as error:
            assert "it runs on" in str(error)  # noqa: PT017 -- a simulated kubelet need not end it
            assert await run_job.happened(intent, context) is None
        else:
            assert done.succeeded == 1
            assert await run_job.happened(intent, context) is True
    made = await place.api.list(f"/apis/batch/v1/namespaces/{place.namespace}/jobs")
    assert [item["metadata"]["name"] for item in made.items] == [intent.parameters.job]
    assert made.items[0]["spec"]["ttlSecondsAfterFinished"] == 3600


async def test_a_job_that_fails_says_why(place):
    """Its deadline fails it, so no kubelet need."""
    pod = {"containers": [{"name": "app", "image": "registry.k8s.io/pause:3.9"}], "restartPolicy": "Never"}
    pod |= {"nodeSelector": {"remediator.example/nowhere": "yes"}, "terminationGracePeriodSeconds": 0}
    job = {"spec": {"backoffLimit": 0, "activeDeadlineSeconds": 1, "template": {"spec": pod}}}
    context = replace(place.context, key=uuid.uuid4().hex)
    run_job = place.action("run_job")
    intent = await run_job.resolve(place.parameters("run_job", name="late", template=job, wait="60s"), context)
    with pytest.raises(PermanentError, match=r"failed: .*active longer than specified deadline"):
        await run_job.perform(intent.parameters, context)
    assert await run_job.happened(intent, context) is None
    with pytest.raises(PermanentError, match="failed"):  # the same step again finds the same Job
        await run_job.perform(intent.parameters, context)
    assert len((await place.api.list(f"/apis/batch/v1/namespaces/{place.namespace}/jobs")).items) == 1


async def test_a_job_that_the_server_finds_invalid_is_found_beforehand(place):
    job = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "registry.k8s.io/pause:3.9"}]}}}}
    context = replace(place.context, key=uuid.uuid4().hex)
    with pytest.raises(PermanentError, match=r"422 .*restartPolicy"):
        await place.action("run_job").preview(place.parameters("run_job", name="bad", template=job), context)


async def test_a_certificate_is_renewed(place, cert_manager):
    where = f"/apis/cert-manager.io/v1/namespaces/{place.namespace}/certificates"
    spec = {"secretName": "web-tls", "dnsNames": ["shop.example"], "issuerRef": {"name": "nobody"}}
    body = {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "web"}, "spec": spec}
    await place.api.request("POST", where, body=body)
    await asyncio.sleep(1)
    renew = place.action("renew_certificate")
    p = place.parameters("renew_certificate", name="web")
    try:
        assert "would be issued anew" in await renew.preview(p, place.context)
        intent = await renew.resolve(p, place.context)
    except PermanentError as error:
        assert cert_manager == "theirs"
        assert "already" in str(error) or "not again" in str(error)  # noqa: PT017 -- which error it is counts
        return
    assert (await renew.perform(intent.parameters, place.context)).changed
    assert await renew.happened(intent, place.context) is True
    assert not (await renew.perform(intent.parameters, place.context)).changed
    with pytest.raises(PermanentError, match="being issued already"):
        await renew.resolve(p, place.context)
    found = await place.perform("certificate", name="web")
    assert (found.installed, found.exists) == (True, True)


async def test_a_certificate_that_was_issued_lately_is_left_alone(place, cert_manager):
    if cert_manager == "theirs":
        pytest.skip("cert-manager writes its own status")
    where = f"/apis/cert-manager.io/v1/namespaces/{place.namespace}/certificates"
    body = {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "web"},
            "spec": {"secretName": "web-tls", "issuerRef": {"name": "nobody"}}}  # fmt: skip
    await place.api.request("POST", where, body=body)
    hour_ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(place.context.now // 1_000_000 - 3600))
    status = {"status": {"revision": 1, "notBefore": hour_ago, "conditions": [
        {"type": "Ready", "status": "True", "lastTransitionTime": hour_ago}]}}  # fmt: skip
    await place.api.patch(f"{where}/web/status", status, "application/merge-patch+json")
    with pytest.raises(PermanentError, match="not again within 1d"):
        await place.action("renew_certificate").resolve(place.parameters("renew_certificate", name="web"), place.context)
    p = place.parameters("renew_certificate", name="web", not_again_within="10m")
    renew = place.action("renew_certificate")
    intent = await renew.resolve(p, place.context)
    await renew.perform(intent.parameters, place.context)
    kept = (await place.api.get(f"{where}/web"))["status"]
    assert {item["type"] for item in kept["conditions"]} == {"Ready", "Issuing"}
    assert kept["revision"] == 1
