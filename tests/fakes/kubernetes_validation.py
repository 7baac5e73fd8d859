"""What an API server does not take: values of the wrong type, names that are none, fields that a kind does not have.

Words and statuses are those of kube-apiserver 1.36.2; see fakes.kubernetes_answers.
"""

from __future__ import annotations

import json
import re
from typing import Any

from fakes.kubernetes_refused import RefusedError

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_QUANTITY = re.compile(r"([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)")
_VARIABLE = re.compile(r"[ -<>-~]+")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_ENDS = "and must start and end with an alphanumeric character"
_FIELDS = {
    "ConfigMap": {"data", "binaryData", "immutable"},
    "Deployment": {"spec", "status"},
}
_SPECS = {
    "Deployment": {
        "replicas", "selector", "template", "strategy", "minReadySeconds", "revisionHistoryLimit", "paused",
        "progressDeadlineSeconds",
    },
}  # fmt: skip


def undecodable(document: Any) -> str:
    """Return why a document cannot be read as what it is; empty when it can."""
    for which in ("labels", "annotations"):
        for value in ((document.get("metadata") or {}).get(which) or {}).values():
            if not isinstance(value, str):
                return f"json: cannot unmarshal number into Go struct field ObjectMeta.metadata.{which} of type string"
    spec = document.get("spec") or {}
    replicas = spec.get("replicas", 0)
    if isinstance(replicas, bool) or not isinstance(replicas, int):
        return "json: cannot unmarshal string into Go struct field .spec.replicas of type int32"
    for container in _containers(spec):
        if any(not isinstance(item.get("value", ""), str) for item in container.get("env") or ()):
            return "cannot convert int64 to string"
        amounts = [text for some in (container.get("resources") or {}).values() for text in some.values()]
        if any(not _QUANTITY.fullmatch(str(text)) for text in amounts):
            return f"quantities must match the regular expression '^{_QUANTITY.pattern}$'"
    return ""


def refuse_undecodable(document: Any, patch: Any) -> None:
    """Raise 422 for a patched object that cannot be read; the server quotes the patch, or all of the object."""
    if why := undecodable(document):
        quoted = json.dumps(json.dumps(patch))
        raise RefusedError(422, f' "" is invalid: patch: Invalid value: {quoted}: {why}')


def problems(document: Any) -> list[str]:
    """Return what is wrong with an object's marks and containers, by their fields."""
    found = []
    for key, value in ((document.get("metadata") or {}).get("labels") or {}).items():
        if not _LABEL.fullmatch(key.rpartition("/")[2]):
            found.append(
                f'metadata.labels: Invalid value: "{key}": name part must consist of alphanumeric characters, '
                f"'-', '_' or '.', {_ENDS}"
            )
        elif value and not _LABEL.fullmatch(value):
            found.append(
                f'metadata.labels: Invalid value: "{value}": a valid label must be an empty string or consist of '
                f"alphanumeric characters, '-', '_' or '.', {_ENDS}"
            )
    for index, container in enumerate(_containers(document.get("spec") or {})):
        found += [f"spec.template.spec.containers[{index}].{problem}" for problem in _of_container(container)]
    return found


def _of_container(container: dict[str, Any]) -> list[str]:
    found = []
    for index, item in enumerate(container.get("env") or ()):
        if not _VARIABLE.fullmatch(item["name"]):
            found.append(
                f'env[{index}].name: Invalid value: "{item["name"]}": a valid environment variable name must consist '
                "only of printable ASCII characters other than '='"
            )
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        said = container.get(probe)
        if said is None:
            continue
        if not any(said.get(handler) for handler in _HANDLERS):
            found.append(f"{probe}: Required value: must specify a handler type")
        successes = said.get("successThreshold", 1)
        if probe != "readinessProbe" and successes != 1:
            found.append(f"{probe}.successThreshold: Invalid value: {successes}: must be 1")
    return found


def refuse_new(document: Any, kind: str, version: str, namespace: str, titled: str) -> None:
    """Raise what a new object is refused for before its own kind looks at it. ``titled`` is ``Deployment.apps``."""
    meta = document.get("metadata") or {}
    there = document.get("kind", kind)
    if there != kind or document.get("apiVersion", version) != version:
        short = document.get("apiVersion", version)
        raise RefusedError(
            400, f'{there} in version "{short}" cannot be handled as a {kind}: converting (v1.{there}) to '
            f"(core.{kind}): unknown conversion",
        )  # fmt: skip
    if meta.get("namespace", namespace) != namespace:
        raise RefusedError(400, "the namespace of the provided object does not match the namespace sent on the request")
    name = meta.get("name", "")
    if not name:
        raise RefusedError(422, f'{titled} "" is invalid: metadata.name: Required value: name or generateName is required')
    if not _NAME.fullmatch(name):
        raise RefusedError(
            422, f'{titled} "{name}" is invalid: metadata.name: Invalid value: "{name}": a lowercase RFC 1123 '
            f"subdomain must consist of lower case alphanumeric characters, '-' or '.', {_ENDS}", name=name,
        )  # fmt: skip


def undeclared(document: Any, kind: str) -> str:
    """Return a field that this kind does not have; empty when all are known, or the kind is not."""
    known = _FIELDS.get(kind)
    if known is not None:
        for key in document:
            if key not in known | {"apiVersion", "kind", "metadata"}:
                return f".{key}"
    for key in document.get("spec") or {} if kind in _SPECS else ():
        if key not in _SPECS[kind]:
            return f".spec.{key}"
    return ""


def drop(document: Any, field: str) -> None:
    """Leave a field out, as a server does that only warns."""
    *above, last = field.split(".")[1:]
    for key in above:
        document = document[key]
    del document[last]


def _containers(spec: Any) -> list[dict[str, Any]]:
    return list(((spec.get("template") or {}).get("spec") or {}).get("containers") or ())
