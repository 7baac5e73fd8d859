"""What a rule's steps can turn out to be, told before there is an alert.

Arguments may be templates, so at load only a part of them is known. What is known (see ``core.known``)
is rendered; where a field has a few possible values (a ``Literal``, true or false) each of them is
tried; anywhere else a *token* stands in for what an alert will bring. Whoever finds a token in what an
action says of such parameters (a permission's namespace, a connection) knows which argument it hangs on.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from msgspec import Struct, field
from pydantic import ValidationError

from remediator.core.action import Action, NamesConnection, Parameters
from remediator.core.known import Known, known_of
from remediator.core.records import StepPlan
from remediator.core.rules import Rule
from remediator.core.templates import is_templated, literals_of, names_in_tree, render_tree
from remediator.core.templates.shapes import Shape, below
from remediator.core.transitions import Mode, stricter
from remediator.errors import RenderError, TemplateError

Path = tuple[str | int, ...]
Find = Callable[[str], Action[Any, Any] | None]

_TOKEN = re.compile(r"zz-hole-\d{1,4}-zz")
_SAMPLES: tuple[Any, ...] = (
    1, 0, 2, "1", "+1", "1m", "1Mi", "50%", "0.5", "2025-01-01T00:00:00Z", "a.example.com", "/a", True, (), {},
)  # fmt: skip
_PARAMETER = re.compile(r"\{\{\s*params\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}", re.ASCII)
_MOST = 256  #: combinations of a step's enumerated values
_TRIES = 200  #: samples tried until the parameters are valid


class Hole(Struct, frozen=True):
    """An argument that is not known before an alert comes."""

    field: str  #: its place in the step's arguments, dotted
    source: str  #: the template that stands there


class Place(Struct, frozen=True):
    """A rule's step."""

    rule: str
    guide: str
    step: str
    action: str
    path: Path  #: in the guide: ``("remedies", 0, "steps", 1)``

    def __str__(self) -> str:
        return f'rule "{self.rule}", guide "{self.guide}", step "{self.step}" ({self.action})'


class Use(Struct, frozen=True):
    """One way in which a rule may use an action: its parameters, tokens where the alert decides."""

    place: Place
    action: Action[Any, Any]
    parameters: Parameters
    mode: Mode  #: the most that this step may do; of a step that only reads, AUTO
    holes: Mapping[str, Hole] = field(default_factory=dict)  #: by token


class Blind(Struct, frozen=True):
    """A step of which nothing can be foretold, and why."""

    place: Place
    reason: str


def foresee(rule: Rule, find: Find) -> Iterator[Use | Blind]:
    """Yield the uses of actions that this rule can lead to. Actions that do not exist are passed over."""
    known, shapes = known_of(rule), _shapes(rule)
    for path, step, mode in steps_of(rule):
        action = find(step.action)
        if action is None:
            continue
        place = Place(rule.name, rule.guide.name, step.id, step.action, path)
        seen: list[Use | Blind] = []
        for each in known:
            for made in _uses(place, action, step.args, mode, each, shapes):
                if made not in seen:
                    seen.append(made)
        yield from seen


def steps_of(rule: Rule) -> Iterator[tuple[Path, StepPlan, Mode]]:
    """Yield every step with its place in the guide and the most that it may do."""
    guide = rule.guide
    for index, step in enumerate(guide.diagnose):
        yield ("diagnose", index), step, Mode.AUTO
    for position, remedy in enumerate(guide.remedies):
        mode = stricter(rule.text.mode, remedy.mode)
        for index, step in enumerate(remedy.steps):
            yield ("remedies", position, "steps", index), step, mode if step.changes else Mode.AUTO
    if guide.verify:
        key = "all" if guide.verify.every else "any"
        for index, step in enumerate(guide.verify.conditions):
            yield ("verify", key, index), step, Mode.AUTO


def tokens_in(text: str) -> tuple[str, ...]:
    """Return the tokens that stand in a text."""
    return tuple(dict.fromkeys(found[0] for found in _TOKEN.finditer(text)))


def could_be(text: str, value: str) -> bool:
    """Whether a text with tokens in it could turn out to be this value: what is literal must fit."""
    pattern = ".+".join(re.escape(piece) for piece in _TOKEN.split(text))
    return re.fullmatch(pattern, value, re.DOTALL) is not None


def connection_of(action: Action[Any, Any], parameters: Parameters) -> Iterator[tuple[str, str, str]]:
    """Yield (field, system, name) of every connection that these parameters name; tokens may stand in the name."""
    for name, info in action.parameters.model_fields.items():
        for mark in info.metadata:
            value = getattr(parameters, name, None)
            if isinstance(mark, NamesConnection) and isinstance(value, str) and value:
                yield name, mark.system or action.system, value


def _shapes(rule: Rule) -> dict[str, str]:
    """Return the templates that parameters of type string get: what is literal in them holds where they stand alone."""
    declared = rule.guide.text.parameters.items()
    written = {name: rule.text.with_.get(name, one.default) for name, one in declared if one.type == "string"}
    return {
        name: value
        for name, value in written.items()
        if isinstance(value, str) and is_templated(value) and _is_right(value)
    }


def _is_right(template: str) -> bool:
    try:
        literals_of(template)
    except TemplateError:
        return False
    return True


def _uses(
    place: Place, action: Action[Any, Any], args: Mapping[str, Any], mode: Mode, known: Known, shapes: Mapping[str, str]
) -> Iterator[Use | Blind]:
    model = action.parameters
    holes: dict[Path, tuple[str, Hole]] = {}
    for path, template in names_in_tree(args, model):
        if isinstance(template, TemplateError):
            yield Blind(place, f"one of its templates is wrong: {template}")
            return
        if not known.covers(template):
            holes[path] = (f"zz-hole-{len(holes)}-zz", Hole(".".join(map(str, path)), template.source))
    every = {path: values for path in holes if (values := _enumerated(model, path))}
    combinations = list(itertools.islice(itertools.product(*every.values()), _MOST + 1))
    if len(combinations) > _MOST:
        yield Blind(place, "too many of its arguments are not known before an alert comes")
        return
    named = {token: hole for path, (token, hole) in holes.items() if path not in every}
    free = {path: _samples(token, hole.source, shapes) for path, (token, hole) in holes.items() if path not in every}
    for values in combinations:
        fixed = dict(zip(every, values, strict=True))
        try:
            made = _valid(args, model, fixed, free, known)
        except RenderError:
            continue  # what is known cannot land there: a run would be refused for the same reason
        if made is None:
            shown = ", ".join(hole.field for _, hole in holes.values())
            yield Blind(place, f"no value was found that could stand in for {shown}")
        else:
            yield Use(place, action, made, mode, named)


def _enumerated(model: type[Parameters], path: Path) -> tuple[Any, ...]:
    """Return all the values that may stand at a place, if they are few."""
    found = [Shape(model, None)]
    for key in path:
        found = [each for shape in found for each in below(shape, key)]
    values: list[Any] = []
    for shape in found:
        if get_origin(shape.type) is Literal:
            values += get_args(shape.type)
        elif shape.type is bool:
            values += [True, False]
        elif isinstance(shape.type, type) and issubclass(shape.type, Enum):
            values += [member.value for member in shape.type]
        elif shape.type is not None and shape.type is not type(None):
            return ()
    return tuple(values)


def _samples(token: str, source: str, shapes: Mapping[str, str]) -> tuple[Any, ...]:
    whole = _PARAMETER.sub(lambda found: shapes.get(found[1], found[0]), source)
    shaped = token.join(literals_of(whole))
    return (shaped, [shaped], *_SAMPLES)


def _valid(
    args: Mapping[str, Any], model: type[Parameters], fixed: Mapping[Path, Any], free: Mapping[Path, tuple[Any, ...]],
    known: Known,
) -> Parameters | None:  # fmt: skip
    """Return valid parameters with a sample at each free place; None when none was found."""
    at = dict.fromkeys(free, 0)
    for _ in range(_TRIES):
        chosen = {**fixed, **{path: free[path][index] for path, index in at.items()}}
        try:
            return model.model_validate(render_tree(_replaced(args, (), chosen), model, known.scope))
        except ValidationError as error:
            wrong = [path for fault in error.errors(include_url=False) for path in at if _is_at(fault["loc"], path)]
            # What the parts may be together is the model's own check, which names no place.
            for path in wrong or list(at)[-1:]:
                at[path] += 1
                if at[path] >= len(free[path]):
                    return None
            if not at:
                return None
    return None


def _is_at(loc: tuple[int | str, ...], path: Path) -> bool:
    """Whether a fault's place is this one: names of union members stand in it, too, and it may be above or below."""
    steps = iter(loc)
    return bool(loc) and (all(part in steps for part in path) or all(part in path for part in loc))


def _replaced(value: Any, path: Path, chosen: Mapping[Path, Any]) -> Any:
    if path in chosen:
        return chosen[path]
    if isinstance(value, Mapping):
        return {key: _replaced(item, (*path, key), chosen) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replaced(item, (*path, index), chosen) for index, item in enumerate(value)]
    return value
