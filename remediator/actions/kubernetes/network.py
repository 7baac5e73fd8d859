"""``kubernetes.network_policies``: the policies that select a workload's pods, and what they let through.

Source: Kubernetes, "Network Policies": a pod that no policy of a direction selects is not isolated in
it; else it lets through what any of them allows. ``policyTypes`` absent means Ingress, and Egress too
where there are egress rules. An absent ``from``, ``to`` or ``ports`` means all.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import Api, open_api
from remediator.actions.kubernetes.documents import Document, clean, objects, section, text
from remediator.actions.kubernetes.labels import fits, show_selector
from remediator.actions.kubernetes.names import ConnectionName, Label, Name
from remediator.actions.kubernetes.workloads import PLURALS
from remediator.core.action import Action, Outputs, Parameters, Permission

_MOST_POLICIES = 30
_MOST_RULES = 10
_LONGEST_RULE = 300


class PoliciesParameters(Parameters):
    """Whose policies."""

    kind: Literal["pod", "deployment", "statefulset", "daemonset"] = Field(
        description="The workload's kind, or pod. Of a workload the labels of its pod template count."
    )
    name: Name = Field(description="The workload's or the pod's name.")
    namespace: Label = Field(description="Its namespace.")
    connection: ConnectionName = Field("default", description="Name of an entry under connections.kubernetes.")


class Policy(Outputs):
    """One policy that selects the pods."""

    name: str = Field(description="Its name.")
    types: tuple[str, ...] = Field(description="Ingress, Egress or both.")
    ingress: tuple[str, ...] = Field(description="What may come in, a sentence a rule; 10 at most. Empty: nothing.")
    egress: tuple[str, ...] = Field(description="What may go out, a sentence a rule; 10 at most. Empty: nothing.")


class PoliciesOutputs(Outputs):
    """What stands between the pods and others."""

    total: int = Field(description="Policies that select the pods.")
    in_namespace: int = Field(description="Policies of the namespace.")
    ingress_isolated: bool = Field(description="Whether only what a policy allows may come in.")
    egress_isolated: bool = Field(description="Whether only what a policy allows may go out.")
    ingress_denied: bool = Field(description="Whether nothing at all may come in.")
    egress_denied: bool = Field(description="Whether nothing at all may go out; not even to the cluster's DNS.")
    policies: tuple[Policy, ...] = Field(description="These policies, by name; 30 at most.")
    complete: bool = Field(description="False when the namespace has more policies than are read (2000).")


async def perform(p: PoliciesParameters, context: Context) -> PoliciesOutputs:
    """Read the target's labels and the namespace's policies."""
    api = await open_api(context, p.connection)
    labels = await _labels(api, p)
    found = await api.list(f"/apis/networking.k8s.io/v1/namespaces/{p.namespace}/networkpolicies")
    chosen = [item for item in found.items if fits(section(item, "spec", "podSelector"), labels)]
    chosen.sort(key=lambda item: text(item, "metadata", "name"))
    ways = {way: [item for item in chosen if way in _types(item)] for way in ("Ingress", "Egress")}
    return PoliciesOutputs(
        total=len(chosen),
        in_namespace=len(found.items),
        ingress_isolated=bool(ways["Ingress"]),
        egress_isolated=bool(ways["Egress"]),
        ingress_denied=_denied(ways["Ingress"], "ingress"),
        egress_denied=_denied(ways["Egress"], "egress"),
        policies=tuple(_policy(item) for item in chosen[:_MOST_POLICIES]),
        complete=found.complete,
    )


async def _labels(api: Api, p: PoliciesParameters) -> Document:
    if p.kind == "pod":
        return section(await api.get(f"/api/v1/namespaces/{p.namespace}/pods/{p.name}"), "metadata", "labels")
    place = f"/apis/apps/v1/namespaces/{p.namespace}/{PLURALS[p.kind]}/{p.name}"
    return section(await api.get(place), "spec", "template", "metadata", "labels")


def _types(policy: Document) -> tuple[str, ...]:
    said = section(policy, "spec").get("policyTypes")
    if isinstance(said, list) and said:
        return tuple(way for way in ("Ingress", "Egress") if way in said)
    return ("Ingress", "Egress") if objects(policy, "spec", "egress") else ("Ingress",)


def _denied(policies: list[Document], rules: str) -> bool:
    return bool(policies) and not any(objects(item, "spec", rules) for item in policies)


def _policy(item: Document) -> Policy:
    return Policy(
        name=text(item, "metadata", "name", limit=253),
        types=_types(item),
        ingress=tuple(_rule(rule, "from") for rule in objects(item, "spec", "ingress")[:_MOST_RULES]),
        egress=tuple(_rule(rule, "to") for rule in objects(item, "spec", "egress")[:_MOST_RULES]),
    )


def _rule(rule: Document, side: str) -> str:
    """Return one rule in words: ``from pods app=web or 10.0.0.0/8 on TCP/80``."""
    peers = " or ".join(_peer(peer) for peer in objects(rule, side)[:10]) or "anywhere"
    ports = ", ".join(_port(port) for port in objects(rule, "ports")[:10]) or "all ports"
    return clean(f"{side} {peers} on {ports}", _LONGEST_RULE)


def _peer(peer: Document) -> str:
    block = section(peer, "ipBlock")
    if block:
        left_out = block.get("except")
        but = f" but {', '.join(map(str, left_out[:5]))}" if isinstance(left_out, list) and left_out else ""
        return f"{text(block, 'cidr', limit=50)}{but}"
    pods = f"pods {show_selector(peer['podSelector'])}" if "podSelector" in peer else "all pods"
    if "namespaceSelector" not in peer:
        return pods
    return f"{pods} of namespaces {show_selector(peer['namespaceSelector'])}"


def _port(port: Document) -> str:
    number: Any = port.get("port")
    last: Any = port.get("endPort")
    shown = f"/{number}" if isinstance(number, (int, str)) else ""
    return f"{text(port, 'protocol', limit=10) or 'TCP'}{clean(shown, 64)}{f'-{last}' if isinstance(last, int) else ''}"


def _permissions(p: PoliciesParameters) -> tuple[Permission, ...]:
    if p.kind == "pod":
        target = Permission("get", "pods", p.namespace)
    else:
        target = Permission("get", PLURALS[p.kind], p.namespace, "apps")
    return (target, Permission("list", "networkpolicies", p.namespace, "networking.k8s.io"))


ACTION = Action(
    name="kubernetes.network_policies",
    summary="Tells which network policies select a workload's pods, and what they let in and out.",
    parameters=PoliciesParameters,
    outputs=PoliciesOutputs,
    perform=perform,
    backend=lambda p: f"kubernetes/{p.connection}",
    permissions=_permissions,
)
