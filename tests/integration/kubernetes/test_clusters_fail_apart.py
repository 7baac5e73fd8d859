import json

import aiohttp
import pytest
from fakes.kubernetes_api import FakeKubernetes
from fakes.small_site import SmallSite, alert

from remediator.actions.context import Clients, Context
from remediator.actions.kubernetes import Connection
from remediator.core.guards import Envelope
from remediator.core.records import Outcome
from remediator.engine.limits import Slots
from remediator.errors import TemporaryError

RULES = """
rules:
  - {name: hung, match: alertname = "Down", guide: restart, mode: auto}
guides:
  restart:
    summary: it hangs
    target: kubernetes/{{ labels.cluster }}/shop/deployment/{{ labels.service }}
    remedies:
      - name: restart
        steps:
          - kubernetes.rollout_restart:
              {kind: deployment, name: "{{ labels.service }}", namespace: shop, connection: "{{ labels.cluster }}"}
"""


@pytest.fixture
async def two(tmp_path):
    """Return two clusters and a context that has both."""
    async with FakeKubernetes() as eu, FakeKubernetes() as us, aiohttp.ClientSession() as session:
        named = {}
        for name, server in (("eu", eu), ("us", us)):
            server.world.workload("deployment", "web")
            (tmp_path / name).mkdir()
            file = server.kubeconfig(tmp_path / name, context=name)
            named[name] = Connection(kubeconfig=file, context=name, request_timeout="300ms")
        clients = Clients()
        yield eu, us, Context(session, clients, {"kubernetes": named})
        await clients.close()


async def test_one_that_hangs_does_not_hold_up_the_other(two, status, web):
    eu, us, context = two
    eu.hang()
    with pytest.raises(TemporaryError, match="no answer in time") as caught:
        await status.perform(status.parameters(**web, connection="eu"), context)
    assert caught.value.transport
    assert (await status.perform(status.parameters(**web, connection="us"), context)).holds
    assert not [seen for seen in us.requests if seen.path != eu.requests[0].path]


async def test_one_kubeconfig_may_hold_both(two, tmp_path, status, web):
    eu, us, context = two
    parts = [json.loads((tmp_path / name / "kubeconfig.json").read_text()) for name in ("eu", "us")]
    for name, part in zip(("eu", "us"), parts, strict=True):
        part["clusters"][0]["name"] = part["contexts"][0]["context"]["cluster"] = name
        part["users"][0]["name"] = part["contexts"][0]["context"]["user"] = name
    whole = parts[0] | {key: parts[0][key] + parts[1][key] for key in ("clusters", "contexts", "users")}
    file = tmp_path / "both.json"
    file.write_text(json.dumps(whole))
    for name in ("eu", "us"):
        context.connections["kubernetes"][name] = Connection(kubeconfig=file, context=name)
        await status.perform(status.parameters(**web, connection=name), context)
    assert (len(eu.requests), len(us.requests)) == (1, 1)


def small(tmp_path):
    return SmallSite.of(tmp_path, RULES, envelope=Envelope(("kubernetes/**",)))


def test_each_has_its_own_breaker(tmp_path):
    site = small(tmp_path)
    for count in range(5):
        (work,) = site.admit(alert(f"s{count}", cluster="eu")).works
        site.came(work, Outcome.FAILED, transport=True)
    (held,) = site.admit(alert("other", cluster="eu")).works
    assert (held.held.guard, held.held.scope) == ("breaker", "backend:kubernetes/eu")
    (goes,) = site.admit(alert("elsewhere", cluster="us")).works
    assert goes.tasks
    assert not goes.held


def test_each_has_its_own_places(tmp_path):
    site = small(tmp_path)
    site.slots = Slots(10, 1)
    (first,) = site.admit(alert("a", cluster="eu")).works
    (second,) = site.admit(alert("b", cluster="eu")).works
    (third,) = site.admit(alert("c", cluster="us")).works
    assert (bool(first.tasks), bool(third.tasks)) == (True, True)
    assert second.full
