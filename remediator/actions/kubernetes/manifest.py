"""A manifest as it stands in a guide: one object of one namespace, named, bounded, and no Secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator

from remediator.actions.kubernetes.documents import Document, objects, section, text
from remediator.actions.kubernetes.quantities import quantity

_LARGEST = 64 * 1024
_DEEPEST = 40
_VERSION = re.compile(r"(?:(?P<group>[a-z0-9](?:[-a-z0-9.]{0,250}[a-z0-9])?)/)?(?P<version>v[a-z0-9]{1,30})")
_KIND = re.compile(r"[A-Z][A-Za-z0-9]{0,62}")
_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?")
_OWN = frozenset({"name", "namespace", "labels", "annotations"})
_ENDS_ALIKE = ("endpoints",)

Path = tuple[str, ...]


def refuse_size(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document; ValueError when it is larger than 64 KiB, deeper than 40, or not JSON."""
    if _depth(document) > _DEEPEST:
        raise ValueError(f"it is deeper than {_DEEPEST} levels")
    try:
        size = len(orjson.dumps(document))
    except (TypeError, ValueError) as error:
        raise ValueError("it holds what JSON cannot") from error
    if size > _LARGEST:
        raise ValueError(f"it is larger than {_LARGEST // 1024} KiB")
    return document


def _checked(manifest: dict[str, Any]) -> dict[str, Any]:
    metadata = manifest.get("metadata")
    if not _VERSION.fullmatch(text(manifest, "apiVersion")) or not _KIND.fullmatch(text(manifest, "kind")):
        raise ValueError("a manifest has apiVersion (apps/v1) and kind (Deployment)")
    if not isinstance(metadata, dict) or not _NAME.fullmatch(text(metadata, "name")):
        raise ValueError("a manifest has metadata.name, of lower-case letters, digits, dashes and dots")
    if "." in {text(metadata, "name")[:1], text(metadata, "name")[-1:]} or ".." in text(metadata, "name"):
        raise ValueError("metadata.name is not a name")
    if unknown := set(metadata) - _OWN:
        raise ValueError(f"metadata takes name, namespace, labels and annotations; not {', '.join(sorted(unknown))}")
    if manifest["kind"] == "Secret":
        raise ValueError("a Secret's values must not stand in a guide")
    if manifest["kind"].endswith("List") and "items" in manifest:
        raise ValueError("a manifest is one object, not a list")
    if "status" in manifest:
        raise ValueError("a manifest has no status; the cluster writes that")
    return refuse_size(manifest)


Manifest = Annotated[dict[str, Any], AfterValidator(_checked)]
"""One object, as kubectl apply takes it."""


def resource_of(kind: str) -> str:
    """Return what a kind is called in paths and roles, as Kubernetes derives it when nothing else is said."""
    low = kind.lower()
    if low.endswith(_ENDS_ALIKE):
        return low
    if low.endswith("s"):
        return f"{low}es"
    return f"{low[:-1]}ies" if low.endswith("y") else f"{low}s"


def group_of(manifest: Document) -> str:
    """Return the API group; empty for the core."""
    return text(manifest, "apiVersion").rpartition("/")[0]


def place_of(manifest: Document, namespace: str, resource: str) -> str:
    """Return the object's place in the API. What it is made of was validated, so it needs no escaping."""
    root = "/apis/" if group_of(manifest) else "/api/"
    name = text(manifest, "metadata", "name")
    return f"{root}{manifest['apiVersion']}/namespaces/{namespace}/{resource}/{name}"


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield all that is no object, with its place; lists are one value, empty objects too."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, str(key)))
    else:
        yield path, value


def at(document: Document, path: Path) -> Any:
    """Return what stands at this place; None when nothing does."""
    return section(document, *path[:-1]).get(path[-1]) if path else document


def amounts_of(manifest: Document) -> dict[str, float]:
    """Return what a site may bound: ``replicas``, and a container's largest ``memory`` (bytes) and ``cpu`` (cores)."""
    found: dict[str, float] = {}
    replicas = section(manifest, "spec").get("replicas")
    if isinstance(replicas, int):
        found["replicas"] = replicas
    for spec in (section(manifest, "spec", "template", "spec"), section(manifest, "spec")):
        for container in (*objects(spec, "containers"), *objects(spec, "initContainers")):
            for kind in ("limits", "requests"):
                for name in ("memory", "cpu"):
                    value = quantity(section(container, "resources", kind).get(name))
                    if value is not None:
                        found[name] = max(found.get(name, 0.0), value)
    return found


def _depth(value: Any, depth: int = 0) -> int:
    if depth > _DEEPEST:
        return depth
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max((_depth(item, depth + 1) for item in items), default=depth)
