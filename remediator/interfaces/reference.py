"""The reference pages, made from the models: one page an action, one for rule files. A test keeps them current."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from inspect import getdoc
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from remediator.core.action import Action, Lands
from remediator.core.durations import duration_text
from remediator.core.guide import (
    DefaultsText,
    GuideText,
    LimitsText,
    ParameterText,
    RemedyText,
    RuleFileText,
    RuleText,
    StepText,
    ThrottleText,
    VerifyText,
)
from remediator.core.templates.landing import lands_of

MADE = "<!-- Made from the models by `make docs`. -->\n\n"

Titles = Mapping[type[BaseModel], str]
"""The headings under which models have tables of their own on a page."""

_LANDS = {
    Lands.PROMQL: "PromQL", Lands.URL: "URL", Lands.URL_PATH: "URL path", Lands.JSON: "JSON text",
    Lands.ARGV: "argument", Lands.LITERAL: "literal",
}  # fmt: skip
_WORDS: dict[Any, str] = {
    str: "text", int: "whole number", float: "number", bool: "true or false", Any: "anything", dict: "mapping",
}  # fmt: skip


def action_page(action: Action[Any, Any]) -> str:
    """Return the page of one action."""
    kind = "changes something" if action.changes else "only reads"
    facts = [
        f"- It {kind}{'; it can stand under `verify`' if action.checks and not action.changes else ''}.",
        *_about_changes(action),
        f"- A [template](../templates.md) may stand in every value of its parameters{_but(action.parameters)}.",
    ]
    asked = "What `steps.<id>.<name>` can ask; `steps.<id>.ok` and `steps.<id>.error` always exist.\n\n"
    parts = [
        f"{MADE}# `{action.name}`\n\n{action.summary}\n\n",
        "\n".join(facts),
        f"\n\n## Parameters\n\n{_tables(action.parameters)}",
        f"\n## Outputs\n\n{asked}{_tables(action.outputs, outputs=True)}",
        *_rights(action),
    ]
    return "".join(parts)


def _but(model: type[BaseModel]) -> str:
    literal = [name for name in model.model_fields if _mentions(model, name)]
    return f", but not in {' and '.join(f'`{name}`' for name in literal)}" if literal else ""


def _mentions(model: type[BaseModel], name: str) -> bool:
    """Whether a field, or each element of it, must be literal."""
    return Lands.LITERAL in {lands_of(model, (name,)), lands_of(model, (name, 0))}


def _about_changes(action: Action[Any, Any]) -> Iterator[str]:
    if not action.changes:
        return
    yield "- It can say beforehand what it would change (dry run)." if action.preview else "- It has no dry run."
    if action.undo is None:
        yield "- It cannot be undone."
    else:
        by_itself = ", also by itself (`undo: on_failure`)"
        # What depends on a step's arguments says no to a step without any.
        where = "" if action.undoable({}) else ", where the step says how (`undo`)"
        yield f"- It can be undone{by_itself if action.undo_is_safe else ', by a person'}{where}."
    if action.happened is not None:
        yield "- When its answer is lost, it can find out whether it happened."
    if action.resolve is not None:
        yield "- Relative values become absolute, and what was there is recorded, before it is done."
    if action.needs_approval:
        yield "- A person must approve it, whatever its rule says."
    if action.caution is not None:
        yield "- It can say why a person should decide; then it is asked for, though its rule says `auto`."


def _rights(action: Action[Any, Any]) -> Iterator[str]:
    """Yield what it needs to be allowed to do at its backend, for each value of its first field of choices."""
    fields = action.parameters.model_fields
    # Any text does for names: only what kind of thing is meant decides which rights are needed.
    anything = {name: name for name, info in fields.items() if info.is_required()}
    choice = next((name for name, info in fields.items() if _choices(info)), "")
    rows = []
    for value in _choices(fields[choice]) if choice else (None,):
        made = action.parameters.model_construct(**anything | ({choice: value} if choice else {}))
        needed = [
            f"`{right.verb} {right.resource}`{f' ({right.group})' if right.group else ''}"
            for right in action.permissions(made)
        ]
        if needed:
            about = f"`{choice}: {value}`" if value is not None else f"no `{choice}`" if choice else "it"
            rows.append(f"| {about} | {', '.join(needed)} |\n")
    if rows:
        yield "\n## Rights\n\nWhat it must be allowed to do at its backend; the API group stands in brackets.\n\n"
        yield "| with | needs |\n| --- | --- |\n"
        yield from rows


def _choices(info: FieldInfo) -> tuple[Any, ...]:
    """Return the values of a field that takes one of some literals; None is among them where it may be absent."""
    # Of a union, not of a list of literals: that takes several of them.
    union = get_origin(info.annotation) in {Union, UnionType}
    kinds = [info.annotation, *(get_args(info.annotation) if union else ())]
    literal = next((kind for kind in kinds if get_origin(kind) is Literal), None)
    return (*get_args(literal), *((None,) if type(None) in kinds else ())) if literal else ()


def actions_index(actions: list[Action[Any, Any]]) -> str:
    """Return the list of all actions."""
    rows = "".join(
        f"| [`{a.name}`]({a.name}.md) | {'changes' if a.changes else 'reads'} | {_cell(a.summary)} |\n" for a in actions
    )
    return f"{MADE}# Actions\n\n| action | | what it does |\n| --- | --- | --- |\n{rows}"


_SHARING = """\
Files are read in the order of the daemon's `rules:` list, then by name; an included file right after the one that
includes it, and each file once. The first rule that matches an alert takes it, so a site's own file that includes a
pack decides before the pack does.

Names are unique among all files; what stands twice is an error that names both places. With `pack: web` the
rule `latency` is `web/latency` to reports, pauses and the API, and so is a guide. Inside the pack `guide: latency`
means its own; everywhere `guide: web/latency` means that one. Several files may belong to one pack.

```yaml
# site.yaml: our rule about the pack's guide; the pack's own rules come after it
include: [packs/web.yaml]
defaults:
  mode: ask
  limits: {cooldown: 15m}
  runbook_url: https://runbooks.example.com/web
  with: {service: "{{ labels.service }}"}
rules:
  - name: shop-slow
    match: ['alertname = "ShopSlow"', 'service =~ "cart|checkout"']
    guide: web/slow
```

```yaml
# packs/web.yaml
pack: web
guides:
  slow:
    summary: A service answers slowly
    parameters:
      service: {type: string, one_of: [cart, checkout]}
    target: http/{{ params.service }}
    diagnose:
      - id: health
        http.probe: {connection: "{{ params.service }}", path: /health}
```"""


def rules_page() -> str:
    """Return the reference of rule files."""
    parts: list[tuple[str, str, type[BaseModel]]] = [
        ("A file", _SHARING, RuleFileText),
        ("A rule", "Under `rules:`, a list; the first that matches wins.", RuleText),
        ("limits", "Of a rule.", LimitsText),
        ("throttle", "Under `limits`.", ThrottleText),
        ("defaults", "Of a file. They hold for its own rules, not for those of files that it includes.", DefaultsText),
        ("A guide", "Under `guides:`, by name.", GuideText),
        ("A parameter", "Under a guide's `parameters`, by name.", ParameterText),
        ("A step", "Beside these keys, exactly one that names the action and holds its arguments.", StepText),
        ("A remedy", "Under a guide's `remedies`, a list.", RemedyText),
        ("verify", "Of a guide.", VerifyText),
    ]
    titles = {model: title for title, _, model in parts}
    body = "".join(f"\n## {title}\n\n{text}\n\n{model_table(model, titles)}" for title, text, model in parts)
    intro = (
        "A rule file is YAML with `rules:` and `guides:`, and above them what they share. Durations are written as\n"
        "Prometheus writes them (`30s`, `5m`, `1h30m`). What can be known when the file is read is an error then,\n"
        "with file, line, column and a hint: `remediator check FILE`, which says beside that what\n"
        "[could be better](lint.md). [Concepts](concepts.md) tells what the words mean, [templates](templates.md)\n"
        "what may stand in `{{ }}`, [actions](actions/README.md) what a step can do.\n"
    )
    return f"{MADE}# Rule files\n\n{intro}{body}"


def _tables(model: type[BaseModel], *, outputs: bool = False) -> str:
    """Return a model's table, and below it one for each model in it."""
    titles = {inner: _spoken(inner) for inner in _models_below(model)}
    made = model_table(model, titles, outputs=outputs)
    for inner, title in titles.items():
        said = (getdoc(inner) or "").partition("\n\n")[0].replace("``", "`")
        made += f"\n### {title}\n\n{_cell(said)}\n\n"
        made += model_table(inner, titles, outputs=outputs)
    return made


def _models_below(model: type[BaseModel]) -> list[type[BaseModel]]:
    """Return the models that a model's fields hold, each once, in their order."""
    found: dict[type[BaseModel], None] = {}
    for info in model.model_fields.values():
        for inner in _models_in(info.annotation):
            found |= dict.fromkeys([inner, *_models_below(inner)])
    return list(found)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]


_HEAD = ("name", "type", "default", "meaning")


def model_table(model: type[BaseModel], titles: Titles, *, outputs: bool = False) -> str:
    """Return a table of a model's fields: name, type, default (not of outputs), meaning."""
    rows = [_row(name, info, titles) for name, info in model.model_fields.items()]
    if not rows:
        return "None.\n"
    cells = [_HEAD, ("---",) * len(_HEAD), *rows]
    return "".join(f"| {' | '.join(row[:2] + row[3:] if outputs else row)} |\n" for row in cells)


def _row(name: str, info: FieldInfo, titles: Titles) -> tuple[str, ...]:
    shown = info.validation_alias if isinstance(info.validation_alias, str) else info.alias or name
    kind = _cell(_type(info.annotation, titles, info.metadata))
    # Markdown would take steps.<id> for HTML.
    meaning = _cell(info.description or "").replace("<", "\\<").replace("*", "\\*")
    return f"`{shown}`", kind, _default(info), meaning


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    default = info.default
    if _is_duration(info.annotation, info.metadata) and isinstance(default, float):
        return f"`{duration_text(default)}`"
    if info.default_factory or default is PydanticUndefined or isinstance(default, BaseModel):
        return ""
    if default is None or default in ("", (), {}, []):
        return ""
    written = default if isinstance(default, str) else json.dumps(default)
    return f"`{_cell(written)}`"


def _is_duration(annotation: Any, metadata: Any) -> bool:
    return "parse_duration" in repr(metadata) or "parse_duration" in repr(annotation)


def _type(annotation: Any, titles: Titles, metadata: Any = ()) -> str:  # noqa: PLR0911 -- one return a kind
    """Say a type in words that people who write YAML know."""
    if lands := next((_LANDS[each] for each in metadata if each in _LANDS), ""):
        return lands
    if _is_duration(annotation, metadata) and get_origin(annotation) is None:
        return "duration"
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return _type(inner, titles, more)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if origin in (Union, UnionType):
        words = dict.fromkeys(_type(each, titles) for each in get_args(annotation) if each is not type(None))
        return " or ".join(word for word in words if word != _WORDS[int] or _WORDS[float] not in words)
    if origin in (list, tuple, set, frozenset):
        return f"list{_of(get_args(annotation)[0], titles)}"
    if origin is dict:
        return f"mapping{_of(get_args(annotation)[1], titles)}"
    if annotation in _WORDS:
        return _WORDS[annotation]
    if hasattr(annotation, "__members__"):
        return ", ".join(f"`{member.value}`" for member in annotation)
    named = _spoken(annotation)
    return f"[{named}](#{titles[annotation].lower().replace(' ', '-')})" if annotation in titles else named


def _of(item: Any, titles: Titles) -> str:
    return "" if item is Any else f" of {_type(item, titles)}"


def _spoken(kind: type) -> str:
    """Return a class's name as words: ``JsonCondition`` is a json condition."""
    name = kind.__name__.removesuffix("Text").removesuffix("Parameters")
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
