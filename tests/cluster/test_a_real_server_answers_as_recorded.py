"""The requests on whose answers the other tests rely (tests/fakes/kubernetes_answers.py), asked of the real server."""

import ssl

import aiohttp
import pytest
from fakes.kubernetes_answers import TABLES, deployment

from remediator.actions.kubernetes.connection import make_client
from remediator.errors import ActionError

pytestmark = pytest.mark.cluster


@pytest.fixture
async def ask(place):
    """Return a function that sends a request as it is and returns status, reason and message."""
    client = await make_client("default", place.context.connections["kubernetes"]["default"])
    headers = dict(client.default_headers)
    await client.update_params_for_auth(headers, [], ["BearerToken"])

    async def ask(asked, **names):
        about = {"Accept": asked.accept, **({"Content-Type": asked.media} if asked.media else {})}
        async with client.rest_client.pool_manager.request(
            asked.method, client.configuration.host + asked.path.format(**names), params=asked.query,
            data=asked.content(**names), headers={**headers, **about},
        ) as answer:  # fmt: skip
            said = await answer.json(content_type=None) if "json" in answer.content_type else {"message": await answer.text()}
        reason = said.get("reason") if said.get("kind") == "Status" else None
        return answer.status, reason, said.get("message", "")

    yield ask
    await client.close()


async def budget(place, name):
    spec = {"minAvailable": 9, "selector": {"matchLabels": {"app": "web"}}}
    await place.create("budget", {"metadata": {"name": name}, "spec": spec})
    await place.until(lambda: place.get("budget", name), lambda found: found.get("status", {}).get("observedGeneration"))


@pytest.mark.parametrize("table", TABLES)
async def test_to_the_same_requests(place, ask, table):
    await place.create("deployment", deployment())
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "other"}
    spec = {"scaleTargetRef": target, "maxReplicas": 9}
    await place.create("autoscaler", {"metadata": {"name": "other"}, "spec": spec})
    differs = []
    for asked in TABLES[table]:
        if asked.title.startswith("+budget"):
            await budget(place, asked.title.split()[1])
            continue
        if asked.title == "-budgets":
            for name in ("one", "two"):
                await place.api.request("DELETE", f"/apis/policy/v1/namespaces/{place.namespace}/poddisruptionbudgets/{name}")
            continue
        pod = (await place.running(2))[0]["metadata"]["name"] if "{pod}" in asked.path else ""
        try:
            status, reason, message = await ask(asked, ns=place.namespace, pod=pod)
        except (ActionError, aiohttp.ClientError, ssl.SSLError) as error:
            pytest.fail(f"{asked.title}: {error}")
        if (status, reason) != (asked.status, asked.reason) or asked.says not in message:
            differs.append((asked.title, status, reason, message[:300]))
    assert differs == []
