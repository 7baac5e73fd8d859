import json

import pytest
from fakes.kubernetes_looks import secret

VALUE = "aHVudGVyMg=="


@pytest.fixture
def age(actions, context, web):
    async def age(**values):
        action = actions["secret_age"]
        return await action.perform(action.parameters(**{**web, "secret": "db", **values}), context)

    return age


@pytest.fixture
def pods(server):
    """Make two pods whose containers started 10 minutes and 1 minute ago."""
    server.world.workload("deployment", "web")
    found = server.world.of("pods", "shop")
    for pod, ago in zip(found, (600, 60), strict=True):
        pod["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": server.world.stamp(ago)}}
    return [pod["metadata"]["name"] for pod in found]


async def test_those_that_started_before_it_changed(server, pods, age):
    secret(server.world, "db", ("helm", 7200), ("vault", 300))
    found = await age()
    assert (found.exists, found.changed_at, found.changed_ago, found.changed_by) == (
        True, "2025-06-01T11:55:00Z", 300.0, "vault",
    )  # fmt: skip
    assert (found.pods, found.stale) == (2, 1)
    assert [(pod.name, pod.started_at) for pod in found.stale_pods] == [(pods[0], "2025-06-01T11:50:00Z")]


async def test_none_when_it_changed_before_they_started(server, pods, age):
    secret(server.world, "db", ("vault", 3600))
    assert (await age()).stale == 0


async def test_only_its_metadata_is_asked_for(server, pods, age):
    secret(server.world, "db", ("vault", 300))
    found = await age()
    (asked,) = server.of("GET", "/secrets/")
    assert asked.accept == "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    assert VALUE not in found.model_dump_json()


async def test_a_server_that_sends_the_values_all_the_same_is_not_quoted(server, pods, age):
    whole = secret(server.world, "db", ("vault", 300))
    server.answer("get", "secrets", body=json.dumps(whole).encode())
    found = await age()
    assert found.stale == 1
    assert VALUE not in found.model_dump_json()
    server.heal()
    server.answer("get", "secrets", status=403, body=json.dumps({"kind": "Status", "message": "no"}).encode())
    with pytest.raises(Exception, match="403") as raised:
        await age()
    assert VALUE not in str(raised.value)


async def test_a_label_is_no_new_value(server, pods, age):
    whole = secret(server.world, "db", ("vault", 3600))
    whole["metadata"]["managedFields"].append(
        {"manager": "kubectl", "time": server.world.stamp(10), "fieldsV1": {"f:metadata": {"f:labels": {}}}}
    )
    found = await age()
    assert (found.changed_by, found.stale) == ("vault", 0)


async def test_without_managed_fields_its_creation_counts(server, pods, age):
    secret(server.world, "db", made=300)
    found = await age()
    assert (found.changed_at, found.changed_by, found.stale) == ("2025-06-01T11:55:00Z", "", 1)


async def test_that_there_is_none_is_a_finding(pods, age):
    found = await age()
    assert (found.exists, found.changed_at, found.stale, found.pods) == (False, "", 0, 2)


@pytest.mark.parametrize(
    ("spec", "used"),
    [
        ({}, ()),
        ({"imagePullSecrets": [{"name": "db"}]}, ("image_pull",)),
        ({"volumes": [{"name": "v", "secret": {"secretName": "db"}}]}, ("volume",)),
        ({"volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "db"}}]}}]}, ("volume",)),
        ({"volumes": [{"name": "db", "configMap": {"name": "db"}}]}, ()),
        ({"env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "db", "key": "p"}}}]}, ("env",)),
        ({"envFrom": [{"secretRef": {"name": "db"}}]}, ("env",)),
        ({"envFrom": [{"secretRef": {"name": "other"}}, {"configMapRef": {"name": "db"}}]}, ()),
    ],
)
async def test_how_it_is_used(server, pods, age, spec, used):
    template = server.world.objects["deployments", "shop", "web"]["spec"]["template"]["spec"]
    for key, value in spec.items():
        (template["containers"][0] if key.startswith("env") else template)[key] = value
    secret(server.world, "db")
    assert (await age()).used_as == used
