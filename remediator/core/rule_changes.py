"""What one rule table says that another does not, rule by rule. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from remediator.core.rules import Rule, RuleTable


@dataclass(frozen=True, slots=True)
class RuleChanges:
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
