"""The three patch types of an API server, on JSON documents. Each returns a new document.

Sources: RFC 7386 (merge patch), RFC 6902 (JSON patch), Kubernetes' "Update API Objects in Place Using
kubectl patch" (strategic merge: lists of objects are merged by a key, ``$patch: delete`` removes).
"""

from __future__ import annotations

import copy
from typing import Any


class PatchError(Exception):
    """The patch cannot be applied; ``status`` is what the real server answers."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


_REJECTED = "the server rejected our request due to an error in our request"  # what is wrong it does not say
_MERGE_KEYS = {
    "containers": "name", "initContainers": "name", "env": "name", "volumes": "name", "volumeMounts": "mountPath",
    "ports": "containerPort", "conditions": "type", "ownerReferences": "uid",
}  # fmt: skip


def apply(media: str, document: dict[str, Any], patch: Any) -> dict[str, Any]:
    if media == "application/json-patch+json":
        return json_patch(document, patch)
    if not isinstance(patch, dict):
        raise PatchError("json: cannot unmarshal array into Go value of type map[string]interface {}")
    patched: dict[str, Any] = (merge if media == "application/merge-patch+json" else strategic)(document, patch)
    return patched


def merge(old: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    new = copy.deepcopy(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            new.pop(key, None)
        else:
            new[key] = merge(new.get(key), value)
    return new


def strategic(old: Any, patch: Any, place: str = "") -> Any:
    if isinstance(patch, list):
        key = _MERGE_KEYS.get(place)
        return _by_key(old if isinstance(old, list) else [], patch, key) if key else copy.deepcopy(patch)
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    if patch.get("$patch") == "replace":
        return {key: copy.deepcopy(value) for key, value in patch.items() if key != "$patch"}
    new = copy.deepcopy(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if key.startswith("$setElementOrder/"):
            continue
        if value is None:
            new.pop(key, None)
        else:
            new[key] = strategic(new.get(key), value, key)
    return new


def _by_key(old: list[Any], patch: list[Any], key: str) -> list[Any]:
    new = copy.deepcopy(old)
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            raise PatchError(f"map: {item} does not contain declared merge key: {key}", 500)
        index = next((number for number, mine in enumerate(new) if mine.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            if index is not None:
                del new[index]
        elif index is None:
            new.append(copy.deepcopy(item))
        else:
            new[index] = strategic(new[index], item)
    return new


def json_patch(document: dict[str, Any], patch: Any) -> dict[str, Any]:
    if not isinstance(patch, list):
        raise PatchError("error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp")
    new = copy.deepcopy(document)
    for change in patch:
        op, path = change.get("op"), change.get("path", "")
        parent, key = _find(new, path)
        if op == "add":
            if isinstance(parent, list):
                parent.insert(len(parent) if key == "-" else int(key), copy.deepcopy(change["value"]))
            else:
                parent[key] = copy.deepcopy(change["value"])
        elif op == "replace":
            _get(parent, key)
            parent[int(key) if isinstance(parent, list) else key] = copy.deepcopy(change["value"])
        elif op == "remove":
            _get(parent, key)
            del parent[int(key) if isinstance(parent, list) else key]
        elif op == "test":
            if _get(parent, key) != change.get("value"):
                raise PatchError(_REJECTED, 422)
        else:
            raise PatchError(_REJECTED, 422)
    return new


def _find(document: Any, path: str) -> tuple[Any, str]:
    *parents, key = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]] or [""]
    for part in parents:
        document = _get(document, part)
    return document, key


def _get(parent: Any, key: str) -> Any:
    try:
        return parent[int(key)] if isinstance(parent, list) else parent[key]
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise PatchError(_REJECTED, 422) from error
