"""The check, at load, of every name that a template or a condition asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field

from remediator.core.action import Outputs
from remediator.core.expressions.compiler import Chain
from remediator.core.expressions.syntax import show_chain
from remediator.core.problems import nearest
from remediator.core.templates.shapes import Shape, below, fields_of, is_list

ROOTS = ("alert", "annotations", "guide", "labels", "params", "rule", "steps")
ALERT_FIELDS = ("fingerprint", "name", "starts_at")
STEP_FIELDS = ("error", "ok")

Finding = tuple[Chain, str, str]
"""The chain, what is wrong with it, and a hint (may be empty)."""


class Known(Struct, frozen=True):
    """What exists where the text stands. A name asked of an empty ``params`` is an error, too."""

    params: frozenset[str] = frozenset()  #: the guide's parameters
    steps: Mapping[str, type[Outputs]] = field(default_factory=dict)  #: the steps before this place
    roots: frozenset[str] = frozenset(ROOTS)  #: for places where some are not known yet


def check_names(names: Iterable[Chain], known: Known) -> list[Finding]:
    """Return what is wrong with these chains, in the order of the chains."""
    return [finding for chain in sorted(names) if (finding := _check(chain, known))]


def _check(chain: Chain, known: Known) -> Finding | None:
    root, *keys = chain
    if root not in known.roots or root not in ROOTS:
        what = f'there is no "{root}"' if root not in ROOTS else f'"{root}" is not known here'
        return chain, what, nearest(root, known.roots & set(ROOTS))
    match root:
        case "labels" | "annotations":
            return (chain, f"{show_chain(chain[:2])} is text; it has no parts", "") if len(keys) > 1 else None
        case "rule" | "guide":
            return (chain, f"{root} is a name; it has no parts", f"write {{{{ {root} }}}}") if keys else None
        case "alert":
            return _alert(chain, keys)
        case "params":
            return _param(chain, keys, known)
        case _:
            return _step(chain, keys, known)


def _alert(chain: Chain, keys: list[str]) -> Finding | None:
    if not keys:
        return chain, "say what of the alert", nearest("", ALERT_FIELDS)
    if keys[0] not in ALERT_FIELDS:
        hint = "labels and annotations stand alone: labels.team" if keys[0] in {"labels", "annotations"} else ""
        return chain, f'the alert has no "{keys[0]}" here', hint or nearest(keys[0], ALERT_FIELDS)
    return (chain, f"alert.{keys[0]} has no parts", "") if keys[1:] else None


def _param(chain: Chain, keys: list[str], known: Known) -> Finding | None:
    if keys and keys[0] not in known.params:
        return chain, f'the guide has no parameter "{keys[0]}"', nearest(keys[0], known.params)
    return None


def _step(chain: Chain, keys: list[str], known: Known) -> Finding | None:
    if not keys:
        return chain, "say which step, by its literal id", nearest("", known.steps)
    step = keys[0]
    if step not in known.steps:
        return chain, f'there is no step "{step}" before this', nearest(step, known.steps)
    outputs = known.steps[step]
    if len(keys) == 1:
        return chain, f"say what of the step {step}", nearest("", [*outputs.model_fields, *STEP_FIELDS])
    if keys[1] in STEP_FIELDS:
        return (chain, f"steps.{step}.{keys[1]} has no parts", "") if keys[2:] else None
    return _output(chain, [Shape(outputs, None)])


def _output(chain: Chain, found: list[Shape]) -> Finding | None:
    for at, key in enumerate(chain[2:], start=2):
        there = [each for shape in found for each in below(shape, _index(shape, key))]
        if not there:
            return chain, *_nothing(chain, at, found)
        found = there
    return None


def _index(shape: Shape, key: str) -> Any:
    return int(key) if is_list(shape) and key.lstrip("-").isdecimal() else key


def _nothing(chain: Chain, at: int, found: list[Shape]) -> tuple[str, str]:
    """Return the message and the hint for a key that none of these shapes has."""
    key, before = chain[at], show_chain(chain[:at])
    models = [names for shape in found if (names := fields_of(shape)) is not None]
    if models:
        fields = [name for names in models for name in names]
        extra = STEP_FIELDS if at == 2 else ()  # noqa: PLR2004 -- right below the step
        return f'{before} has no "{key}"', nearest(key, [*fields, *extra])
    if any(is_list(shape) for shape in found):
        return f'{before} is a list; "{key}" is no index', f"write {before}[0]"
    return f"{before} has no parts", ""
