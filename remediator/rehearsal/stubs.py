"""What to write where an answer is missing: a stub of the action's outputs, ready to be pasted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from remediator.core.action import Action
from remediator.core.redaction import redact
from remediator.rehearsal.answers import Unanswered
from remediator.rehearsal.describe import as_words

_SAMPLES: Mapping[str, Any] = {
    "string": "text", "integer": 0, "number": 0.0, "boolean": True, "array": [], "object": {}, "null": None,
}  # fmt: skip
_DEEPEST = 6


def advice(missing: Unanswered) -> str:
    """Return what was asked, and what to write under ``answers:``."""
    asked = as_words({missing.action.name: missing.arguments})
    why = "none of its answers holds for this call" if missing.given else "there is no answer for it"
    stub = {missing.step: {"outputs": outputs(missing.action)}}
    written = yaml.safe_dump(stub, sort_keys=False, allow_unicode=True, default_flow_style=False, width=100)
    lines = "\n".join(f"    {line}" for line in ["answers:", *(f"  {line}" for line in written.splitlines())])
    return (
        f'step "{missing.step}" of the guide "{missing.guide}" asks {redact(asked)} ({missing.phase}); {why}; write\n'
        f"{lines}\n"
        '    or, instead of outputs, {fails: "…", kind: temporary} or {hangs: true}'
    )


def outputs(action: Action[Any, Any]) -> dict[str, Any]:
    """Return outputs that the action's model takes: what is required, and what has a simple type."""
    schema = action.outputs.model_json_schema()
    fields = schema.get("properties", {})
    return {name: _sample(field, schema.get("$defs", {}), 0) for name, field in fields.items()}


def _sample(  # noqa: PLR0911 -- a return for each way in which a schema says what fits
    field: Mapping[str, Any], definitions: Mapping[str, Any], depth: int
) -> Any:
    """Return a value that a field takes: its default, or the simplest of its type."""
    if "default" in field:
        return field["default"]
    if depth > _DEEPEST:
        return None
    if reference := field.get("$ref"):
        return _sample(definitions.get(str(reference).rsplit("/", 1)[-1], {}), definitions, depth + 1)
    for key in ("const", "enum", "examples"):
        if key in field:
            return field[key] if key == "const" else field[key][0]
    if options := field.get("anyOf") or field.get("oneOf"):
        return _sample(options[0], definitions, depth + 1)
    if field.get("type") == "object" and "properties" in field:
        inner = field["properties"]
        return {name: _sample(inner[name], definitions, depth + 1) for name in field.get("required", inner)}
    if field.get("type") in ("integer", "number"):
        return field.get("minimum", _SAMPLES[field["type"]])
    return _SAMPLES.get(str(field.get("type")))
