"""The other tests are worth what the pretended server is worth."""

import asyncio
import json

import aiohttp
import pytest

DEPLOYMENT = "/apis/apps/v1/namespaces/shop/deployments/web"
STRATEGIC, MERGE, JSON = (f"application/{kind}+json" for kind in ("strategic-merge-patch", "merge-patch", "json-patch"))


@pytest.fixture
async def call(server):
    """Return a function that sends a request and returns (status, document)."""
    server.world.workload("deployment", "web", replicas=2)
    async with aiohttp.ClientSession(server.url) as session:

        async def call(method, path, body=None, media="application/json"):
            data = None if body is None else json.dumps(body)
            async with session.request(method, path, data=data, headers={"Content-Type": media}) as answer:
                return answer.status, await answer.json()

        yield call


@pytest.mark.parametrize(
    ("media", "patch"),
    [
        (STRATEGIC, {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "new"}]}}}}),
        (JSON, [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "new"}]),
        (MERGE, {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "new"}]}}}}),
    ],
)
async def test_each_patch_type(call, server, media, patch):
    code, document = await call("PATCH", DEPLOYMENT, patch, media)
    assert code == 200
    assert document["spec"]["template"]["spec"]["containers"][0]["image"] == "new"
    assert document["metadata"]["generation"] == 2
    assert len(server.world.of("replicasets", "shop")) == 2


async def test_a_strategic_patch_merges_lists_by_name(call):
    more = {"spec": {"template": {"spec": {"containers": [{"name": "sidecar", "image": "s"}]}}}}
    _, document = await call("PATCH", DEPLOYMENT, more, STRATEGIC)
    assert [item["name"] for item in document["spec"]["template"]["spec"]["containers"]] == ["app", "sidecar"]
    _, document = await call("PATCH", DEPLOYMENT, more, MERGE)
    assert [item["name"] for item in document["spec"]["template"]["spec"]["containers"]] == ["sidecar"]


@pytest.mark.parametrize(
    "case",
    [
        (DEPLOYMENT, "application/json", {}, 415, "UnsupportedMediaType"),
        (DEPLOYMENT, MERGE, {"spec": {"replicas": -1}}, 422, "Invalid"),
        (f"{DEPLOYMENT}/scale", MERGE, {"spec": {"replicas": -1}}, 422, "Invalid"),
        (DEPLOYMENT, MERGE, {"spec": {"replicas": "two"}}, 422, "Invalid"),
        (DEPLOYMENT, MERGE, {"metadata": {"name": "other"}}, 400, "BadRequest"),
        (DEPLOYMENT, MERGE, {"spec": {"selector": {"matchLabels": {"a": "b"}}}}, 422, "Invalid"),
        (DEPLOYMENT, MERGE, {"metadata": {"resourceVersion": "1"}}, 409, "Conflict"),
        (DEPLOYMENT, MERGE, [], 400, "BadRequest"),
        (DEPLOYMENT, JSON, [{"op": "test", "path": "/spec/replicas", "value": 9}], 422, "Invalid"),
        (DEPLOYMENT, JSON, [{"op": "remove", "path": "/spec/none"}], 422, "Invalid"),
        (f"{DEPLOYMENT}?dryRun=Some", MERGE, {}, 422, "Invalid"),
        (DEPLOYMENT.replace("web", "nope"), MERGE, {}, 404, "NotFound"),
        (DEPLOYMENT.replace("deployments", "things"), MERGE, {}, 404, "NotFound"),
    ],
)
async def test_refusals(call, server, case):
    path, media, patch, code, reason = case
    before = json.dumps(list(server.world.objects.values()))
    answered, document = await call("PATCH", path, patch, media)
    assert (answered, document["kind"], document["code"], document["reason"]) == (code, "Status", code, reason)
    assert json.dumps(list(server.world.objects.values())) == before


async def test_a_write_that_changes_nothing_leaves_the_version(call):
    _, before = await call("GET", DEPLOYMENT)
    _, after = await call("PATCH", DEPLOYMENT, {"spec": {"replicas": 2}}, MERGE)
    assert after["metadata"] == before["metadata"]


async def test_scale_can_be_put_with_a_precondition(call):
    _, scale = await call("GET", f"{DEPLOYMENT}/scale")
    scale["spec"]["replicas"] = 3
    assert (await call("PUT", f"{DEPLOYMENT}/scale", scale))[0] == 200
    code, refused = await call("PUT", f"{DEPLOYMENT}/scale", scale)
    assert (code, refused["reason"]) == (409, "Conflict")


async def test_lists_are_selected_and_paged(call, server):
    server.world.workload("deployment", "db")
    place = "/api/v1/namespaces/shop/pods"
    assert len((await call("GET", place))[1]["items"]) == 4
    assert len((await call("GET", f"{place}?labelSelector=app%3Ddb"))[1]["items"]) == 2
    assert len((await call("GET", f"{place}?labelSelector=app+in+(db,web),app!%3Ddb"))[1]["items"]) == 2
    assert len((await call("GET", f"{place}?fieldSelector=metadata.name%3Dnope"))[1]["items"]) == 0
    assert (await call("GET", f"{place}?fieldSelector=spec.x%3D1"))[0] == 400
    _, first = await call("GET", f"{place}?limit=3")
    _, rest = await call("GET", f"{place}?limit=3&continue={first['metadata']['continue']}")
    assert (len(first["items"]), len(rest["items"])) == (3, 1)
    assert "continue" not in rest["metadata"]


async def test_a_watch_tells_what_changes(call, server):
    async with aiohttp.ClientSession(server.url) as session:
        place = "/apis/apps/v1/namespaces/shop/deployments?watch=1&timeoutSeconds=3"
        async with session.get(place) as watching:
            first = json.loads(await watching.content.readline())
            await call("PATCH", DEPLOYMENT, {"spec": {"replicas": 5}}, MERGE)
            async with asyncio.timeout(2):
                second = json.loads(await watching.content.readline())
    assert (first["type"], second["type"]) == ("ADDED", "MODIFIED")
    assert second["object"]["spec"]["replicas"] == 5


async def test_objects_come_and_go(call, server):
    new = {"metadata": {"name": "new"}, "spec": {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": {
        "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "app", "image": "i"}]}}}}  # fmt: skip
    place = "/apis/apps/v1/namespaces/fresh/deployments"
    assert (await call("POST", place, new))[0] == 201
    assert (await call("POST", place, new))[0] == 409
    assert len(server.world.of("pods", "fresh")) == 1
    assert (await call("DELETE", f"{place}/new"))[0] == 200
    assert not server.world.of("pods", "fresh")
