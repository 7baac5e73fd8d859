"""Connections that rules name, checked against those that are configured.

What is written literally, or follows from what a rule hands over and its matchers fix, is known here: an
unknown name is an error at its place. What an alert chooses is checked when a run is planned (``Chosen``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from msgspec.structs import replace

from remediator.actions import registry
from remediator.core.foresight import Blind, Use, connection_of, foresee, steps_of, tokens_in
from remediator.core.problems import Problem, nearest
from remediator.core.records import StepPlan
from remediator.core.rules import Chosen, Guide, Rule
from remediator.core.templates import compile_template, is_templated
from remediator.errors import TemplateError
from remediator.interfaces.documents import Document, Path, problem_at

Configured = Mapping[str, Collection[str]]
"""Names of connections by system."""


def with_connections(
    rules: tuple[Rule, ...],
    documents: Mapping[str, Document],
    configured: Configured,
    problems: list[Problem],
    every: frozenset[str] = frozenset(),
) -> tuple[Rule, ...]:
    """Return the rules, their guides knowing what an alert may choose; add a problem for each unknown name.

    ``documents``: the file that each guide stands in, by the guide's name. ``every``: systems of which any name is
    right.
    """
    guides: dict[str, Guide] = {}
    told: dict[Problem, dict[str, None]] = {}  # with the rules that lead there
    made = []
    for rule in rules:
        guide = guides.get(rule.guide.name)
        # Where no connection is a template, what one rule leads to is what all rules of the guide lead to.
        looked_at = guide is not None and not guide.chosen
        for problem, by_rule in () if looked_at else _unknown(rule, documents[rule.guide.name], configured, every):
            told.setdefault(problem, {}).update({rule.name: None} if by_rule else {})
        if guide is None:
            guide = guides[rule.guide.name] = replace(rule.guide, chosen=tuple(_chosen(rule, configured, every)))
        made.append(replace(rule, guide=guide))
    problems += [_naming(problem, tuple(rules)) for problem, rules in told.items()]
    return tuple(made)


def _naming(problem: Problem, rules: tuple[str, ...]) -> Problem:
    """Return the problem with the rule that leads there, or the first of them."""
    if not rules:
        return problem
    more = f" and {len(rules) - 1} more" if len(rules) > 1 else ""
    return replace(problem, message=f'{problem.message} (rule "{rules[0]}"{more})')


def place_of_step(document: Document, use: Use | Blind) -> Path:
    """Return where a step's action stands in its guide's file."""
    return ("guides", _key(document, use.place.guide), *use.place.path, use.place.action)


def _key(document: Document, guide: str) -> str:
    """Return what a guide is called in its own file: in a pack its name begins with the pack's."""
    written = document.data.get("guides", {}) if isinstance(document.data, dict) else {}
    return guide if guide in written else guide.rpartition("/")[2]


def _unknown(
    rule: Rule, document: Document, configured: Configured, every: frozenset[str]
) -> Iterator[tuple[Problem, bool]]:
    """Yield problems, and whether each comes of what the rule hands over."""
    for use in foresee(rule, registry.find):
        for field, system, name in connections_named(rule, use):
            there = configured.get(system, ())
            if tokens_in(name) or name in there or system in every:
                continue
            step = place_of_step(document, use)
            written = _args(rule, use.place.path).get(field)
            place, on_key = ((*step, field), False) if written is not None else (step, True)
            why = "" if written is not None else ", the default"
            hint = nearest(name, there) or f"none is configured under connections.{system}"
            message = f'no {system} connection "{name}" is configured{why}'
            yield problem_at(document, place, message, hint, on_key=on_key), written not in (None, name)


def connections_named(rule: Rule, use: Use | Blind) -> Iterator[tuple[str, str, str]]:
    """Yield (field, system, name); of a step that cannot be foreseen, since others of its arguments are wrong, too."""
    if isinstance(use, Use):
        yield from connection_of(use.action, use.parameters)
    elif (action := registry.find(use.place.action)) is not None:
        args = _args(rule, use.place.path)
        literal = {name: args[name] for name in args if not is_templated(str(args[name]))}
        for field, system, name in connection_of(action, action.parameters.model_construct(**literal)):
            if field in literal or field not in args:
                yield field, system, name


def _args(rule: Rule, path: Path) -> Mapping[str, object]:
    return next(step.args for at, step, _ in steps_of(rule) if at == path)


def _chosen(rule: Rule, configured: Configured, every: frozenset[str]) -> Iterator[Chosen]:
    """Yield the connections of a guide that only an alert tells; those of a step's output are told by its failure."""
    seen: set[tuple[str, str]] = set()
    for _, step, _ in steps_of(rule):
        for system, template in _templated(step):
            try:
                asked = {chain[0] for chain in compile_template(template).names}
            except TemplateError:
                continue  # told with its step
            if "steps" not in asked and (system, template) not in seen and system not in every:
                seen.add((system, template))
                yield Chosen(step.id, system, template, frozenset(configured.get(system, ())))


def _templated(step: StepPlan) -> Iterator[tuple[str, str]]:
    action = registry.find(step.action)
    if action is None:
        return
    written = {name: value for name, value in step.args.items() if isinstance(value, str) and is_templated(value)}
    probe = action.parameters.model_construct(**written)
    for field, system, _ in connection_of(action, probe):
        if field in written:
            yield system, written[field]
