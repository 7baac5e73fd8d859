"""Each test makes a namespace of its own in the cluster that KUBECONFIG names, and removes it."""

import contextlib
import os
import time
import uuid

import aiohttp
import pytest

from remediator.actions.context import Clients, Context
from remediator.actions.kubernetes import ACTIONS, Connection
from remediator.actions.kubernetes.api import open_api
from remediator.errors import PermanentError

PATHS = {
    "deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "statefulset": "/apis/apps/v1/namespaces/{}/statefulsets",
    "daemonset": "/apis/apps/v1/namespaces/{}/daemonsets",
    "autoscaler": "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
    "pod": "/api/v1/namespaces/{}/pods",
}


class Place:
    """A namespace of the cluster and what a test does there."""

    def __init__(self, api, namespace, context):
        self.api, self.namespace, self.context = api, namespace, context

    async def create(self, kind, body):
        return await self.api.request("POST", PATHS[kind].format(self.namespace), body=body)

    async def get(self, kind, name):
        return await self.api.get(f"{PATHS[kind].format(self.namespace)}/{name}")

    async def pods(self):
        """Return the pods that are not being deleted."""
        found = await self.api.list(PATHS["pod"].format(self.namespace))
        return [pod for pod in found.items if "deletionTimestamp" not in pod["metadata"]]

    async def workload(self, kind, name="web", replicas=2, **container):
        """Create a workload of pods that do nothing; wait until they are available."""
        labels = {"app": name}
        spec = {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [{"name": "app", "image": "registry.k8s.io/pause:3.9", **container}],
                    "terminationGracePeriodSeconds": 0,
                },
            },
        }
        if kind != "daemonset":
            spec["replicas"] = replicas
        if kind == "statefulset":
            spec["serviceName"] = name
        await self.create(kind, {"metadata": {"name": name}, "spec": spec})
        assert (await self.settled(kind, name)).holds

    async def settled(self, kind, name="web", wait="90s"):
        """Wait for the rollout and return its status."""
        return await self.perform("rollout_status", kind=kind, name=name, wait=wait)

    def action(self, verb):
        return next(action for action in ACTIONS if action.name == f"kubernetes.{verb}")

    def parameters(self, verb, **values):
        return self.action(verb).parameters(**{"namespace": self.namespace, **values})

    async def perform(self, verb, **values):
        return await self.action(verb).perform(self.parameters(verb, **values), self.context)


@pytest.fixture
async def place():
    file = os.environ.get("KUBECONFIG")
    if not file:
        pytest.skip("KUBECONFIG is not set")
    clients = Clients()
    async with aiohttp.ClientSession() as session:
        connections = {"kubernetes": {"default": Connection(kubeconfig=file)}}
        context = Context(session, clients, connections, now=time.time_ns() // 1000)
        api = await open_api(context, "default")
        name = f"remediator-test-{uuid.uuid4().hex[:10]}"
        await api.request("POST", "/api/v1/namespaces", body={"metadata": {"name": name}})
        try:
            yield Place(api, name, context)
        finally:
            with contextlib.suppress(PermanentError):
                await api.request("DELETE", f"/api/v1/namespaces/{name}")
            await clients.close()
