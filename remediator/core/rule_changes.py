"""What one rule table says that another does not, rule by rule. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field
from pydantic import BaseModel

from remediator.core.rules import Rule, RuleTable


class Edit(Struct, frozen=True):
    """What was done to one rule. ``before`` and ``after``: its text, or of a changed one the fields that differ."""

    what: str  #: ``rule added``, ``rule removed`` or ``rule changed``
    rule: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class RuleChanges(Struct, frozen=True):
    """The difference of two rule tables."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    #: By rule, which fields: ``mode``, ``limits.cooldown``, ``with.replicas``, ``guide.remedies``.
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reordered: bool = False  #: rules that stayed are tried in another order

    def __str__(self) -> str:
        text = f"{len(self.added)} added, {len(self.removed)} removed, {len(self.changed)} changed"
        return f"{text}, order changed" if self.reordered else text


def rule_changes(old: RuleTable, new: RuleTable) -> RuleChanges:
    """Return what changed on the way from one table to the other."""
    before, after = ({rule.name: rule for rule in table.rules} for table in (old, new))
    changed = {
        name: fields for name in after if name in before and (fields := tuple(_fields(before[name], after[name])))
    }
    return RuleChanges(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=changed,
        reordered=[name for name in before if name in after] != [name for name in after if name in before],
    )


def edits(old: RuleTable, new: RuleTable) -> Iterator[Edit]:
    """Yield what was done to each rule on the way from one table to the other, with values as JSON trees."""
    changes = rule_changes(old, new)
    for name in changes.removed:
        yield Edit("rule removed", name, _whole(old.rule(name)), None)
    for name, fields in changes.changed.items():
        before, after = old.rule(name), new.rule(name)
        yield Edit("rule changed", name, *({each: _value(rule, each) for each in fields} for rule in (before, after)))
    for name in changes.added:
        yield Edit("rule added", name, None, _whole(new.rule(name)))


def _whole(rule: Rule | None) -> Mapping[str, Any]:
    return _written(rule.text) if rule else {}


def _written(text: BaseModel) -> Any:
    return text.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _value(rule: Rule | None, field_: str) -> Any:
    """Return what a rule says in a field that is named as ``RuleChanges`` names it."""
    if rule is None:
        return None
    root, _, rest = field_.partition(".")
    if root == "guide":
        return _written(rule.guide.text).get(rest) if rest else rule.guide.name
    value = _written(rule.text).get(root)
    return value.get(rest) if rest and isinstance(value, Mapping) else None if rest else value


def _fields(old: Rule, new: Rule) -> Iterator[str]:
    for name in _differing(old.text, new.text):
        if name == "limits":
            yield from (f"limits.{inner}" for inner in _differing(old.text.limits, new.text.limits))
        elif name == "with_":
            left, right = old.text.with_, new.text.with_
            yield from (f"with.{key}" for key in {**left, **right} if left.get(key) != right.get(key))
        elif name != "guide":
            yield name.rstrip("_")
    if old.guide.name != new.guide.name:
        yield "guide"
    else:
        yield from (f"guide.{name}" for name in _differing(old.guide.text, new.guide.text))


def _differing(old: BaseModel, new: BaseModel) -> list[str]:
    return [name for name in type(new).model_fields if getattr(old, name) != getattr(new, name)]
