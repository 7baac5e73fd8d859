"""Which names a guide's parts ask for, followed back to the alert's labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from remediator.core.lint.subject import Find
from remediator.core.matchers import MatchOp
from remediator.core.records import StepPlan
from remediator.core.rules import Guide, Rule
from remediator.core.templates import Template, compile_condition, compile_template, is_templated, names_in_tree

Chain = tuple[str, ...]


def step_names(step: StepPlan, find: Find) -> frozenset[Chain]:
    """Return every chain that a step's arguments ask for."""
    action = find(step.action)
    if action is None:
        return frozenset()
    found = (template for _, template in names_in_tree(step.args, action.parameters))
    return frozenset(name for template in found if isinstance(template, Template) for name in template.names)


def all_steps(guide: Guide) -> Iterator[StepPlan]:
    """Yield every step of a guide, its conditions too."""
    yield from guide.diagnose
    for remedy in guide.remedies:
        yield from remedy.steps
    if guide.verify:
        yield from guide.verify.conditions


def guide_names(guide: Guide, find: Find) -> frozenset[Chain]:
    """Return every chain that anything in the guide asks for."""
    found: set[Chain] = set()
    for segment in guide.segments:
        found |= compile_template(segment).names
    for step in all_steps(guide):
        found |= step_names(step, find)
    for remedy in guide.remedies:
        if remedy.when is not None:
            found |= compile_condition(remedy.when).names
    return frozenset(found)


def written(rule: Rule, parameter: str) -> Any:
    """Return what a rule hands over for a parameter, or the parameter's default."""
    declared = rule.guide.text.parameters.get(parameter)
    return rule.text.with_.get(parameter, declared.default if declared else None)


def pinned(rule: Rule) -> Mapping[str, str]:
    """Return the labels whose value is the same for every alert of the rule."""
    return {matcher.name: matcher.value for matcher in rule.matchers if matcher.op is MatchOp.EQUAL}


def labels_in(names: frozenset[Chain], rule: Rule) -> frozenset[str]:
    """Return the labels that chains depend on, those that a rule hands over as parameters too."""
    found: set[str] = set()
    for chain in names:
        if chain[0] == "labels":
            found.add(chain[1] if len(chain) > 1 else "*")
        elif chain[0] == "params":
            asked = chain[1:2] or tuple(rule.guide.text.parameters)
            for parameter in asked:
                value = written(rule, parameter)
                if isinstance(value, str) and is_templated(value):
                    found |= labels_in(frozenset(n for n in compile_template(value).names if n[0] == "labels"), rule)
    return frozenset(found)
