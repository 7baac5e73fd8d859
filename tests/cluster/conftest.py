"""Each test makes a namespace of its own in the cluster that KUBECONFIG names, and removes it."""

import asyncio
import contextlib
import os
import time
import uuid
from pathlib import Path

import aiohttp
import pytest
import yaml
from fakes.small_site import table_of

from remediator.actions import registry
from remediator.actions.context import Clients, Context
from remediator.actions.kubernetes import Connection
from remediator.actions.kubernetes.api import open_api
from remediator.core.access import Given, needs_of
from remediator.errors import ActionError, PermanentError
from remediator.interfaces.rbac import Account, manifests

PATHS = {
    "deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "statefulset": "/apis/apps/v1/namespaces/{}/statefulsets",
    "daemonset": "/apis/apps/v1/namespaces/{}/daemonsets",
    "autoscaler": "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
    "pod": "/api/v1/namespaces/{}/pods",
    "budget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "quota": "/api/v1/namespaces/{}/resourcequotas",
    "job": "/apis/batch/v1/namespaces/{}/jobs",
    "cronjob": "/apis/batch/v1/namespaces/{}/cronjobs",
    "configmap": "/api/v1/namespaces/{}/configmaps",
    "secret": "/api/v1/namespaces/{}/secrets",
    "service": "/api/v1/namespaces/{}/services",
    "networkpolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
}
RBAC = "/apis/rbac.authorization.k8s.io/v1"
RIGHTS = {
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "Role": f"{RBAC}/namespaces/{{}}/roles",
    "RoleBinding": f"{RBAC}/namespaces/{{}}/rolebindings",
    "ClusterRole": f"{RBAC}/clusterroles",
    "ClusterRoleBinding": f"{RBAC}/clusterrolebindings",
}
PATIENCE = 90.0  #: seconds for controllers, kubelets and authorizers to take something up


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

    async def until(self, ask, holds=bool, seconds=PATIENCE):
        """Ask again until it holds or the time is up; return the last answer."""
        end = time.monotonic() + seconds
        while not holds(found := await ask()) and time.monotonic() < end:
            await asyncio.sleep(0.25)
        return found

    async def running(self, count):
        """Wait until so many pods are ready, and no others are left; return them."""

        def ready(pods):
            states = [{c["type"]: c["status"] for c in pod["status"].get("conditions", ())} for pod in pods]
            return len(pods) == count and all(state.get("Ready") == "True" for state in states)

        found = await self.until(self.pods, ready)
        assert ready(found), [pod["status"] for pod in found]
        return found

    async def settled(self, kind, name="web", wait="90s"):
        """Wait for the rollout and return its status."""
        return await self.perform("rollout_status", kind=kind, name=name, wait=wait)

    def action(self, verb):
        action = registry.find(f"kubernetes.{verb}")
        assert action is not None
        return action

    def parameters(self, verb, **values):
        return self.action(verb).parameters(**{"namespace": self.namespace, **values})

    async def perform(self, verb, **values):
        return await self.action(verb).perform(self.parameters(verb, **values), self.context)

    async def intended(self, verb, **values):
        """Resolve, look whether it has happened, perform; return the intent and what came of it."""
        action = self.action(verb)
        intent = await action.resolve(self.parameters(verb, **values), self.context)
        assert await action.happened(intent, self.context) is False
        return intent, await action.perform(intent.parameters, self.context)


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
            made = Place(api, name, context)
            # Until a controller has made the account that pods run as, each pod is refused.
            await made.until(lambda: _there(api, f"/api/v1/namespaces/{name}/serviceaccounts/default"))
            yield made
        finally:
            with contextlib.suppress(PermanentError):
                await api.request("DELETE", f"/api/v1/namespaces/{name}")
            await clients.close()


async def _there(api, path):
    try:
        return await api.get(path)
    except PermanentError:
        return None


async def _gone(api, path):
    return await _there(api, path) is None


@pytest.fixture
async def account(place, tmp_path):
    """Return what makes an account with the rights that these rules need and no others, removed at the end.

    It gives the connections and a context that are the account's own.
    """
    about = {"verb": "delete", "resource": "nodes"}
    body = {"spec": {"user": f"system:serviceaccount:{place.namespace}:nobody", "resourceAttributes": about}}
    answer = await place.api.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body=body)
    if answer["status"]["allowed"]:
        pytest.skip("this cluster authorizes everything")
    wide, clients = [], Clients()

    async def make(text):
        rules = table_of(text, tmp_path).rules
        needs, gaps = needs_of(rules, registry.find, "kubernetes", Given(namespaces=(place.namespace,)))
        assert not gaps
        for document in yaml.safe_load_all(manifests(needs, Account("bot", place.namespace))):
            path = RIGHTS[document["kind"]].format(place.namespace)
            await place.api.request("POST", path, body=document)
            if document["kind"].startswith("Cluster"):
                wide.append(f"{path}/{document['metadata']['name']}")
        where = f"{RIGHTS['ServiceAccount'].format(place.namespace)}/bot/token"
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        token = (await place.api.request("POST", where, body=request))["status"]["token"]
        connections = {"kubernetes": {"default": Connection(kubeconfig=kubeconfig_with(token, tmp_path))}}
        return rules, connections, Context(place.context.session, clients, connections, now=place.context.now)

    yield make
    for path in wide:
        with contextlib.suppress(ActionError):
            await place.api.request("DELETE", path)
    await clients.close()


def kubeconfig_with(token, folder):
    """Write the test's kubeconfig with another user's token; return its path."""
    source = Path(os.environ["KUBECONFIG"])
    config = yaml.safe_load(source.read_text())
    for item in config["clusters"]:  # it may be relative to the file
        if authority := item["cluster"].get("certificate-authority"):
            item["cluster"]["certificate-authority"] = str(source.parent / authority)
    context = next(item for item in config["contexts"] if item["name"] == config["current-context"])
    context["context"]["user"] = "bot"
    config["users"] = [{"name": "bot", "user": {"token": token}}]
    file = folder / "limited.yaml"
    file.write_text(yaml.safe_dump(config))
    return file


@pytest.fixture
async def node(place):
    """A node of our own, which no kubelet looks after: draining it touches nobody else."""
    name = f"remediator-test-{uuid.uuid4().hex[:10]}"
    try:
        await place.api.request("POST", "/api/v1/nodes", body={"metadata": {"name": name}})
    except PermanentError as error:
        pytest.skip(f"no node may be made here: {error}")
    yield name
    with contextlib.suppress(ActionError):
        await place.api.request("DELETE", f"/api/v1/nodes/{name}")


def definition(kind, plural, schema):
    """Return what makes a cluster serve such objects of cert-manager's, with these parts of their schema."""
    version = {
        "name": "v1", "served": True, "storage": True, "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": {"type": "object", "properties": schema}},
    }  # fmt: skip
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.cert-manager.io"},
        "spec": {"group": "cert-manager.io", "names": names, "scope": "Namespaced", "versions": [version]},
    }  # fmt: skip


TEXT, MOMENT, NUMBER = {"type": "string"}, {"type": "string", "format": "date-time"}, {"type": "integer"}
CERTIFICATE = {
    "spec": {"type": "object", "required": ["secretName", "issuerRef"], "properties": {
        "secretName": TEXT, "dnsNames": {"type": "array", "items": TEXT}, "commonName": TEXT,
        "issuerRef": {"type": "object", "required": ["name"], "properties": {"name": TEXT, "kind": TEXT, "group": TEXT}},
    }},
    "status": {"type": "object", "properties": {
        "revision": NUMBER, "notAfter": MOMENT, "notBefore": MOMENT, "renewalTime": MOMENT, "lastFailureTime": MOMENT,
        "failedIssuanceAttempts": NUMBER, "nextPrivateKeySecretName": TEXT,
        "conditions": {
            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
            "items": {"type": "object", "required": ["type", "status"], "properties": {
                "type": TEXT, "status": {"type": "string", "enum": ["True", "False", "Unknown"]}, "reason": TEXT,
                "message": TEXT, "lastTransitionTime": MOMENT, "observedGeneration": {**NUMBER, "format": "int64"},
            }},
        },
    }},
}  # fmt: skip
ANYTHING = {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}


@pytest.fixture
async def cert_manager(place):
    """See to it that certificates are served: ``theirs`` where cert-manager is installed, else ``ours``, removed again."""
    where = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    if await _there(place.api, f"{where}/certificates.cert-manager.io"):
        yield "theirs"
        return
    parts = (("Certificate", "certificates", CERTIFICATE), ("CertificateRequest", "certificaterequests", ANYTHING))
    try:
        for part in parts:
            await place.api.request("POST", where, body=definition(*part))
    except ActionError as error:
        pytest.skip(f"no kind may be defined here: {error}")
    for _, plural, _ in parts:
        path = f"/apis/cert-manager.io/v1/namespaces/{place.namespace}/{plural}"
        assert await place.until(lambda path=path: _there(place.api, path))
    yield "ours"
    for _, plural, _ in parts:
        path = f"{where}/{plural}.cert-manager.io"
        with contextlib.suppress(ActionError):
            await place.api.request("DELETE", path)
            await place.until(lambda path=path: _gone(place.api, path))
