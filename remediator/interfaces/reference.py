"""The reference pages, made from the models: one page an action, one for rule files. A test keeps them current."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from remediator.core.action import Action, Lands
from remediator.core.durations import duration_text
from remediator.core.guide import (
    GuideText,
    LimitsText,
    ParameterText,
    RemedyText,
    RuleText,
    StepText,
    ThrottleText,
    VerifyText,
)

MADE = "<!-- Made from the models by `make docs`. -->\n\n"


def action_page(action: Action[Any, Any]) -> str:
    """Return the page of one action."""
    kind = "changes something" if action.changes else "only reads"
    facts = [
        f"- It {kind}{'; it can stand under `verify`' if action.checks and not action.changes else ''}.",
        *_about_changes(action),
    ]
    parts = [
        f"{MADE}# `{action.name}`\n\n{action.summary}\n\n",
        "\n".join(facts),
        "\n\n## Parameters\n\n",
        model_table(action.parameters),
        "\n## Outputs\n\nWhat `steps.<id>.<name>` can ask; `steps.<id>.ok` and `steps.<id>.error` always exist.\n\n",
        model_table(action.outputs, outputs=True),
    ]
    return "".join(parts)


def _about_changes(action: Action[Any, Any]) -> Iterator[str]:
    if not action.changes:
        return
    yield "- It can say beforehand what it would change (dry run)." if action.preview else "- It has no dry run."
    if action.undo is None:
        yield "- It cannot be undone."
    else:
        yield f"- It can be undone{', also by itself (`undo: on_failure`)' if action.undo_is_safe else ', by a person'}."
    if action.happened is not None:
        yield "- When its answer is lost, it can find out whether it happened."
    if action.resolve is not None:
        yield "- Relative values become absolute, and what was there is recorded, before it is done."


def actions_index(actions: list[Action[Any, Any]]) -> str:
    """Return the list of all actions."""
    rows = "".join(
        f"| [`{a.name}`]({a.name}.md) | {'changes' if a.changes else 'reads'} | {_cell(a.summary)} |\n" for a in actions
    )
    return f"{MADE}# Actions\n\n| action | | what it does |\n| --- | --- | --- |\n{rows}"


def rules_page() -> str:
    """Return the reference of rule files."""
    parts: list[tuple[str, str, type[BaseModel]]] = [
        ("A rule", "Under `rules:`, a list; the first that matches wins.", RuleText),
        ("limits", "Of a rule.", LimitsText),
        ("throttle", "Under `limits`.", ThrottleText),
        ("A guide", "Under `guides:`, by name.", GuideText),
        ("A parameter", "Under a guide's `parameters`, by name.", ParameterText),
        ("A step", "Beside these keys, exactly one that names the action and holds its arguments.", StepText),
        ("A remedy", "Under a guide's `remedies`, a list.", RemedyText),
        ("verify", "Of a guide.", VerifyText),
    ]
    body = "".join(f"\n## {title}\n\n{text}\n\n{model_table(model)}" for title, text, model in parts)
    intro = (
        "A rule file is YAML with `rules:` and `guides:`. Durations are written as Prometheus writes them (`30s`, `5m`,\n"
        "`1h30m`). What can be known when the file is read is an error then, with file, line, column and a hint.\n"
        "[Concepts](concepts.md) tells what the words mean, [templates](templates.md) what may stand in `{{ }}`.\n"
    )
    return f"{MADE}# Rule files\n\n{intro}{body}"


def model_table(model: type[BaseModel], *, outputs: bool = False) -> str:
    """Return a table of a model's fields: name, type, default, meaning."""
    rows = []
    for name, info in model.model_fields.items():
        shown = info.validation_alias if isinstance(info.validation_alias, str) else info.alias or name
        default = "" if outputs else f" {_default(info)} |"
        rows.append(
            f"| `{shown}` | {_cell(_type(info.annotation, info.metadata))} |{default} {_cell(info.description or '')} |\n"
        )
    head = (
        "| name | type | meaning |\n| --- | --- | --- |\n"
        if outputs
        else "| name | type | default | meaning |\n| --- | --- | --- | --- |\n"
    )
    return (head + "".join(rows)) if rows else "None.\n"


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    if _is_duration(info.annotation, info.metadata) and isinstance(info.default, float):
        return f"`{duration_text(info.default)}`"
    default = info.get_default(call_default_factory=True) if not info.default_factory else PydanticUndefined
    if default is PydanticUndefined or default is None or default in ("", (), {}):
        return ""
    if isinstance(default, BaseModel):
        return ""
    return f"`{default}`"


def _is_duration(annotation: Any, metadata: Any) -> bool:
    return "parse_duration" in repr(metadata) or "parse_duration" in repr(annotation)


def _type(annotation: Any, metadata: Any = ()) -> str:  # noqa: C901, PLR0911 -- one return a kind
    """Say a type in words that people who write YAML know."""
    lands = next((each.value for each in metadata if isinstance(each, Lands)), "")
    if lands and lands != "text":
        return {"promql": "PromQL", "url": "URL", "json": "JSON text", "argv": "argument"}.get(lands, lands)
    if _is_duration(annotation, metadata) and get_origin(annotation) is None:
        return "duration"
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return _type(inner, more)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_type(arg) for arg in get_args(annotation) if arg is not type(None)))
    if origin in (list, tuple, set, frozenset):
        return f"list of {_type(next((a for a in get_args(annotation) if a is not Ellipsis), Any))}"
    if origin is dict or annotation is dict:
        return "mapping"
    words = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "anything", bytes: "text"}
    if annotation in words:
        return words[annotation]
    if isinstance(annotation, type) and hasattr(annotation, "__members__"):
        return ", ".join(f"`{member.value}`" for member in annotation)  # type: ignore[attr-defined]
    name = getattr(annotation, "__name__", str(annotation))
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name.removesuffix("Text").removesuffix("Parameters")).lower()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
