"""What of a rule is known before there is an alert: labels that its matchers fix, and the guide's parameters.

``namespace = "shop"`` fixes a label, ``namespace =~ "shop|payments"`` leaves two values; a parameter's
``one_of`` does the same. Each combination is one ``Known``; whatever else an alert brings is not in it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from remediator.core.matchers import MatchOp
from remediator.core.plan import coerce
from remediator.core.rules import Rule
from remediator.core.templates import Template, compile_template, is_templated
from remediator.errors import RenderError, TemplateError

_MOST = 64  #: combinations looked at; beyond it alternatives count as unknown
_PLAIN = re.compile(r"[A-Za-z0-9_-]+(?:\|[A-Za-z0-9_-]+)*", re.ASCII)  # no character that means something to RE2


class Known(Struct, frozen=True):
    """One combination of what is known. ``scope`` is what templates can be rendered with."""

    scope: Mapping[str, Any]

    def covers(self, template: Template) -> bool:
        """Whether everything that this template asks for is known."""
        return all(self._has(chain) for chain in template.names)

    def _has(self, chain: tuple[str | int, ...]) -> bool:
        root, *keys = chain
        if root in ("rule", "guide"):
            return True
        return root in ("labels", "params") and bool(keys) and keys[0] in self.scope[root]


def known_of(rule: Rule) -> tuple[Known, ...]:
    """Return every combination of what is known of the alerts and parameters of this rule."""
    found = []
    for labels in _combinations(_label_choices(rule)):
        scope: dict[str, Any] = {"labels": labels, "params": {}, "rule": rule.name, "guide": rule.guide.name}
        found += [Known({**scope, "params": params}) for params in _combinations(_parameter_choices(rule, scope))]
    return tuple(found[:1] if len(found) > _MOST else found)


def _combinations(choices: Mapping[str, tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    """Yield every combination of one value each; what has too many values is left out, so it is unknown."""
    kept = dict(choices)
    while _count(kept) > _MOST:
        del kept[max(kept, key=lambda name: len(kept[name]))]
    for values in itertools.product(*kept.values()):
        yield dict(zip(kept, values, strict=True))


def _count(choices: Mapping[str, tuple[Any, ...]]) -> int:
    count = 1
    for values in choices.values():
        count *= max(len(values), 1)
    return count


def _label_choices(rule: Rule) -> dict[str, tuple[str, ...]]:
    asked = {str(chain[1]) for chain in _asked(rule) if chain[0] == "labels" and len(chain) > 1}
    choices: dict[str, tuple[str, ...]] = {}
    for matcher in rule.matchers:
        if matcher.name not in asked or not matcher.value:
            continue
        if matcher.op is MatchOp.EQUAL:
            values: tuple[str, ...] = (matcher.value,)
        elif matcher.op is MatchOp.REGEX and _PLAIN.fullmatch(matcher.value):
            values = tuple(dict.fromkeys(matcher.value.split("|")))
        else:
            continue
        if len(values) < len(choices.get(matcher.name, (*values, ""))):
            choices[matcher.name] = values
    fitting = {name: tuple(v for v in values if _fits(rule, name, v)) for name, values in choices.items()}
    return {name: values for name, values in fitting.items() if values}


def _fits(rule: Rule, name: str, value: str) -> bool:
    return all(matcher.matches({name: value}) for matcher in rule.matchers if matcher.name == name)


def _parameter_choices(rule: Rule, scope: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    choices: dict[str, tuple[Any, ...]] = {}
    before = Known(scope)
    for name, declared in rule.guide.text.parameters.items():
        written = rule.text.with_.get(name, declared.default)
        if written is None:
            continue
        try:
            if not (isinstance(written, str) and is_templated(written)):
                choices[name] = (coerce(name, declared, written),)
            elif before.covers(template := compile_template(written)):
                choices[name] = (coerce(name, declared, template.render(scope)),)
            elif declared.one_of:
                choices[name] = tuple(coerce(name, declared, value) for value in declared.one_of)
        except (RenderError, TemplateError):
            continue  # refused when the rule is loaded, or when an alert comes
    return choices


def _asked(rule: Rule) -> Iterator[tuple[str | int, ...]]:
    """Yield what the rule's templates ask for."""
    guide = rule.guide
    verify = guide.verify.conditions if guide.verify else ()
    steps = (*guide.diagnose, *(step for remedy in guide.remedies for step in remedy.steps), *verify)
    defaults = [parameter.default for parameter in guide.text.parameters.values()]
    for written in (*rule.text.with_.values(), *defaults, *(step.args for step in steps)):
        yield from _names(written)


def _names(written: Any) -> Iterator[tuple[str | int, ...]]:
    if isinstance(written, str):
        if is_templated(written):
            try:
                yield from compile_template(written).names
            except TemplateError:
                return
        return
    inner: Iterable[Any] = ()
    if isinstance(written, Mapping):
        inner = written.values()
    elif isinstance(written, (list, tuple)):
        inner = written
    for item in inner:
        yield from _names(item)
