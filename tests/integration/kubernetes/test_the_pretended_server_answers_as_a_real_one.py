"""What the other tests rely on, as it was recorded from a real API server (tests/fakes/kubernetes_answers.py)."""

import aiohttp
import pytest
from fakes.kubernetes_answers import TABLES, deployment
from fakes.kubernetes_changes import budget


@pytest.mark.parametrize("table", TABLES)
async def test_to_the_same_requests(server, table):
    world = server.world
    world.workload("deployment", "web", template=deployment()["spec"]["template"])
    world.autoscaler("other", "Deployment", "other")
    async with aiohttp.ClientSession(server.url) as session:
        for asked in TABLES[table]:
            if asked.title.startswith("+budget"):
                budget(world, asked.title.split()[1], 0, app="web")
                continue
            if asked.title == "-budgets":
                for name in ("one", "two"):
                    world.remove(("poddisruptionbudgets", "shop", name))
                continue
            names = {"ns": "shop", "pod": world.of("pods", "shop")[0]["metadata"]["name"]}
            headers = {"Accept": asked.accept, **({"Content-Type": asked.media} if asked.media else {})}
            async with session.request(
                asked.method, asked.path.format(**names), params=asked.query, data=asked.content(**names), headers=headers
            ) as answer:
                said = await answer.json() if "json" in answer.content_type else {"message": await answer.text()}
            found = (answer.status, said.get("reason") if said.get("kind") == "Status" else None)
            assert (asked.title, *found) == (asked.title, asked.status, asked.reason), said
            assert asked.says in said.get("message", ""), asked.title
