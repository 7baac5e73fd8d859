"""ControllerRevisions: what the controllers of statefulsets and daemonsets keep of earlier pod templates."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakes.kubernetes_world import World


def keep_revision(world: World, workload: dict[str, Any], owner: dict[str, Any], hashed: str) -> None:
    """Make the newest template's ControllerRevision, or number an old one anew, as the controllers do."""
    meta, template = workload["metadata"], workload["spec"]["template"]
    name = f"{meta['name']}-{hashed}"
    mine = [
        item for item in world.of("controllerrevisions", meta["namespace"])
        if any(one["uid"] == meta["uid"] for one in item["metadata"]["ownerReferences"])
    ]  # fmt: skip
    latest = max((item["revision"] for item in mine), default=0)
    known = next((item for item in mine if item["metadata"]["name"] == name), None)
    if known:
        if known["revision"] != latest:
            world.put("controllerrevisions", {**known, "revision": latest + 1})
        return
    kept = copy.deepcopy(template)
    kept["metadata"]["creationTimestamp"] = None  # as the controllers' encoder writes it
    world.put("controllerrevisions", {
        "metadata": {
            "name": name, "namespace": meta["namespace"], "ownerReferences": [owner],
            "labels": {**template["metadata"]["labels"], "controller-revision-hash": hashed},
        },
        "data": {"spec": {"template": {**kept, "$patch": "replace"}}}, "revision": latest + 1,
    })  # fmt: skip
