"""Nodes: how they are named, where they stand in the API, and whether pods may be scheduled on them."""

from __future__ import annotations

from pydantic import Field

from remediator.actions.kubernetes.api import STRATEGIC_PATCH, Api
from remediator.actions.kubernetes.documents import Document, flag, text
from remediator.actions.kubernetes.names import ConnectionName, Name
from remediator.core.action import Parameters, Permission
from remediator.errors import PermanentError


class NodeParameters(Parameters):
    """Names one node."""

    node: Name = Field(description="The node's name.")
    connection: ConnectionName = Field("default", description="Name of an entry under connections.kubernetes.")


def node_backend(p: NodeParameters) -> str:
    """Return the unit of step limits and breakers."""
    return f"kubernetes/{p.connection}"


def node_targets(p: NodeParameters) -> tuple[str, ...]:
    """Return what a change of this node touches; ``-`` stands where others have a namespace."""
    return (f"kubernetes/{p.connection}/-/node/{p.node}",)


def node_path(p: NodeParameters) -> str:
    """Return the node's place in the API. Its name was validated, so it needs no escaping."""
    return f"/api/v1/nodes/{p.node}"


def node_rights() -> tuple[Permission, ...]:
    """Return what cordoning takes."""
    return (Permission("get", "nodes"), Permission("patch", "nodes"))


async def read_node(api: Api, p: NodeParameters) -> Document:
    """Return the node; PermanentError when the answer is none."""
    found = await api.get(node_path(p))
    if found.get("kind") != "Node" or not text(found, "metadata", "uid"):
        raise PermanentError(f"GET {node_path(p)}: the answer is not a node")
    return found


async def set_cordoned(api: Api, p: NodeParameters, *, cordoned: bool, dry_run: bool = False) -> Document:
    """Set whether pods are kept from the node, as kubectl cordon and uncordon do."""
    # kubectl's uncordon removes the field; false would be the same.
    body: Document = {"spec": {"unschedulable": True if cordoned else None}}
    return await api.patch(node_path(p), body, STRATEGIC_PATCH, dry_run=dry_run)


def is_cordoned(node: Document) -> bool:
    """Whether pods are kept from the node."""
    return flag(node, "spec", "unschedulable")
