"""JSON Schemas of what people write, for editors and CI; made from the models.

Beside the models' own schema: a step's actions stand under their names with their parameters, and
a template may stand wherever an action or a rule takes one. Draft 2020-12, as pydantic makes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from remediator.actions import registry
from remediator.core.action import Action
from remediator.core.durations import duration_text
from remediator.core.guide import RuleFileText, StepText
from remediator.settings import Settings

Schema = dict[str, Any]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEMPLATE = "template"
_STEPS = {"read": "ReadingStep", "check": "CheckingStep", "any": "Step"}
_DURATION = "^(0|(?:(\\d+)y)?"
#: What a text may be and still take a template without more being said.
_FREE = {"type", "description", "default", "title", "examples", "maxLength"}
_EXAMPLES: dict[str, list[Any]] = {
    "RuleText": [{
        "name": "gateway-latency", "match": ['alertname = "HighLatency"', 'severity =~ "warning|critical"'],
        "guide": "high-latency", "with": {"service": "{{ labels.service }}"}, "mode": "observe",
        "limits": {"cooldown": "15m", "throttle": {"max": 3, "per": "1h"}},
        "runbook_url": "https://runbooks.example.com/high-latency",
    }],
    "GuideText": [{
        "summary": "P95 is above its limit", "parameters": {"service": {"type": "string"}},
        "target": "http/{{ params.service }}",
        "diagnose": [{"id": "health", "http.probe": {"connection": "shop", "path": "/health"}}],
    }],
    "RemedyText": [{
        "name": "restart the workers", "when": "steps.health.status == 503",
        "steps": [{"http.request": {"connection": "shop", "path": "/restart"}}],
    }],
    "VerifyText": [{"within": "5m", "hold": "1m", "all": [{"http.probe": {"connection": "shop", "path": "/health"}}]}],
    "LimitsText": [{"cooldown": "15m", "throttle": {"max": 3, "per": "1h"}}],
    "ParameterText": [{"type": "integer", "default": 8, "min": 1, "max": 20}],
    "AllowSettings": [{"targets": ["kubernetes/default/shop/**", "http/checkout"]}],
    "SlackSettings": [{"token_file": "secrets/slack-token", "channel": "C0123456789"}],
}  # fmt: skip


def rules_schema() -> Schema:
    """Return the schema of rule files."""
    return steps_schema(RuleFileText, "rules", "A rule file of remediator")


def config_schema() -> Schema:
    """Return the schema of the daemon's configuration, each system's connections with it."""
    made = _of(Settings, "config", "The configuration of remediator")
    found = {system: model for system in registry.systems() if (model := registry.connection_model(system))}
    for system, model in found.items():
        _adopt(made, model, f"connections.{system}")
    kept = {"description": made["properties"]["connections"]["description"], "type": "object"}
    each = {
        system: {
            "type": "object", "description": f"Connections of {system} by name.",
            "additionalProperties": {"$ref": f"#/$defs/connections.{system}"},
        }
        for system in found
    }  # fmt: skip
    made["properties"]["connections"] = {**kept, "properties": each, "additionalProperties": False}
    return _tidied(made)


SCHEMAS: dict[str, Callable[[], Schema]] = {"rules": rules_schema, "config": config_schema}
"""By the name that ``remediator schema`` takes. A document with steps in it: ``steps_schema(MODEL, NAME, TITLE)``."""


def steps_schema(model: type[BaseModel], name: str, title: str) -> Schema:
    """Return the schema of a document in which steps stand as ``StepText``."""
    made = _of(model, name, title)
    definitions = made["$defs"]
    step = definitions.pop("StepText", None) or StepText.model_json_schema()
    definitions[_TEMPLATE] = {
        "type": "string", "pattern": "\\{\\{", "description": "A template, rendered when there is an alert.",
        "examples": ["{{ labels.namespace }}"],
    }  # fmt: skip
    actions = [action for system in registry.systems() for action in registry.of_system(system).values()]
    for action in actions:
        _adopt(made, action.parameters, action.name, action.summary)
        for key in [key for key in definitions if key == action.name or key.startswith(f"{action.name}.")]:
            _open_to_templates(definitions[key])
    kinds: dict[str, Callable[[Action[Any, Any]], bool]] = {
        "read": lambda one: not one.changes,
        "check": lambda one: one.checks and not one.changes,
        "any": lambda _: True,
    }
    for kind, takes in kinds.items():
        definitions[_STEPS[kind]] = _step(step, [one for one in actions if takes(one)], definitions)
    _place(made, "StepText", _STEPS["any"])
    if "ChangeText" in definitions:  # what a test expects of a step: its action, arguments in part
        definitions["ChangeText"] = _change(definitions["ChangeText"], actions)
        used = {"ChangeText", *(name for name in definitions if "." not in name)} - {_TEMPLATE, *_STEPS.values()}
        for unused in definitions.keys() - used:
            del definitions[unused]
    for owner, fields in (("GuideText", {"diagnose": "read"}), ("VerifyText", {"all": "check", "any": "check"})):
        for field, kind in fields.items():
            if owner in definitions:
                _place(definitions[owner]["properties"][field], _STEPS["any"], _STEPS[kind])
    return _tidied(made)


def _of(model: type[BaseModel], name: str, title: str) -> Schema:
    _, made = models_json_schema([(model, "validation")], ref_template="#/$defs/{model}")
    root = made["$defs"].pop(model.__name__)
    return {"$schema": _DRAFT, "$id": f"{name}.schema.json", **root, "title": title, "$defs": made["$defs"]}


def _adopt(made: Schema, model: type[BaseModel], name: str, description: str = "") -> None:
    """Put a model and those in it under the schema's definitions, with the name before theirs."""
    schema = model.model_json_schema(ref_template=f"#/$defs/{name}.{{model}}")
    for inner, definition in schema.pop("$defs", {}).items():
        made["$defs"][f"{name}.{inner}"] = definition
    made["$defs"][name] = schema | ({"description": description} if description else {})


def _step(step: Schema, actions: list[Action[Any, Any]], definitions: Schema) -> Schema:
    """Return the schema of a step with one of these actions."""
    properties: Schema = {}
    for action in actions:
        reference: Schema = {"$ref": f"#/$defs/{action.name}"}
        # With nothing to say the mapping may be left out.
        needs = definitions[action.name].get("required")
        properties[action.name] = reference if needs else {"anyOf": [reference, {"type": "null"}]}
    return {
        "type": "object",
        "description": step["description"],
        "properties": {**step["properties"], **properties},
        "additionalProperties": False,
        "oneOf": [{"required": [action.name]} for action in actions],
        "examples": [{"id": "health", "http.probe": {"connection": "shop", "path": "/health"}}],
    }


def _change(change: Schema, actions: list[Action[Any, Any]]) -> Schema:
    """Return the schema of a change that a test expects: an action's name, and those arguments that it mentions."""
    takes = {
        action.name: {
            "type": ["object", "null"], "description": action.summary, "additionalProperties": False,
            "properties": {
                field.alias or name: {"description": field.description or ""}
                for name, field in action.parameters.model_fields.items()
            },
        }
        for action in actions  # a check among a remedy's steps is a step, too
    }  # fmt: skip
    return {
        "type": "object", "description": change["description"], "properties": {**change["properties"], **takes},
        "additionalProperties": False, "oneOf": [{"required": [name]} for name in takes],
    }  # fmt: skip


def _place(node: Any, old: str, new: str) -> None:
    """Make references to one definition lead to another."""
    for each in _nodes(node):
        if each.get("$ref") == f"#/$defs/{old}":
            each["$ref"] = f"#/$defs/{new}"


def _nodes(node: Any) -> Iterator[Schema]:
    if isinstance(node, dict):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _nodes(each)


def _open_to_templates(schema: Schema) -> None:
    """Let a template stand for every value in a mapping of parameters."""
    for holder, key in _value_places(schema):
        holder[key] = _or_template(holder[key])


def _value_places(schema: Schema) -> Iterator[tuple[Any, Any]]:
    """Yield where schemas of values stand: fields, items, values of mappings; the innermost first."""
    for name in list(schema.get("properties", {})):
        yield from _below(schema["properties"], name)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _below(schema, key)


def _below(holder: Any, key: Any) -> Iterator[tuple[Any, Any]]:
    inner = holder[key]
    for each in (inner, *inner.get("anyOf", ())):
        yield from _value_places(each)
    yield holder, key


def _or_template(schema: Schema) -> Schema:
    if schema.get("type") == "string" and not schema.keys() - _FREE:
        return schema
    if not schema.keys() & {"type", "anyOf", "$ref", "enum", "const"}:
        return schema  # anything may stand there
    outer: Schema = {key: schema[key] for key in ("description", "default", "examples") if key in schema}
    inner = {key: value for key, value in schema.items() if key not in outer}
    branches = inner["anyOf"] if set(inner) - {"title"} == {"anyOf"} else [inner]
    return {**outer, "anyOf": [*branches, {"$ref": f"#/$defs/{_TEMPLATE}"}]}


def _tidied(made: Schema) -> Schema:
    """Say durations as people write them, add examples, leave out titles that only repeat a name."""
    for name, definition in made["$defs"].items():
        if name in _EXAMPLES:
            definition["examples"] = _EXAMPLES[name]
    title = made["title"]
    for node in _nodes(made):
        if isinstance(node.get("title"), str):
            del node["title"]
        if isinstance(node.get("description"), str):
            node["description"] = re.sub(r"\s+", " ", node["description"].replace("``", "`"))
        if _is_duration(node):
            if isinstance(node.get("default"), (int, float)):
                node["default"] = duration_text(node["default"])
            if str(node.get("pattern", "")).startswith(_DURATION):
                node |= {"type": ["string", "integer"], "maximum": 0, "minimum": 0}  # 0 needs no unit
    ordered = dict(sorted(made.pop("$defs").items()))
    return {"$schema": made.pop("$schema"), "$id": made.pop("$id"), "title": title, **made, "$defs": ordered}


def _is_duration(node: Schema) -> bool:
    return any(str(one.get("pattern", "")).startswith(_DURATION) for one in (node, *node.get("anyOf", ()))
               if isinstance(one, dict))  # fmt: skip
