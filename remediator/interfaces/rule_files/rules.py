"""Make a rule ready: its matchers, its guide, the parameters that it hands over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from remediator.actions import registry
from remediator.core.guide import DefaultsText, ParameterText, RuleText
from remediator.core.matchers import Matcher, parse_matchers
from remediator.core.plan import coerce
from remediator.core.problems import Problem, nearest
from remediator.core.rules import Guide, Rule, limits_of
from remediator.core.templates import Known, check_names, compile_template, is_templated
from remediator.errors import MatcherError, RenderError, TemplateError
from remediator.interfaces.documents import Document, Path, problem_at
from remediator.interfaces.rule_files.reading import RuleFile
from remediator.interfaces.rule_files.salvage import LostParameter, LostParameters, is_lost

_BEFORE_PLAN = frozenset({"labels", "annotations", "alert", "rule", "guide"})


def make_rule(
    file: RuleFile, position: int, written: RuleText, guides: Mapping[str, Guide], *, all_guides: bool = True
) -> tuple[Rule | None, list[Problem]]:
    """Return the rule and everything that is wrong with it (warnings too); no rule where its guide is not known.

    ``all_guides``: whether there are no others than ``guides``; else nobody is blamed for naming one.
    """
    document, text = file.document, with_defaults(written, file.defaults)
    place: Path = ("rules", position)
    problems: list[Problem] = []
    matchers = _matchers(file, place, text, problems)
    wanted = text.guide if "/" in text.guide else file.named(text.guide)
    guide = guides.get(wanted)
    _inhibitions(file, place, text, problems)
    if guide is None:
        if text.guide and all_guides:
            hint = nearest(wanted, guides)
            problems.append(problem_at(document, (*place, "guide"), f'there is no guide "{wanted}"', hint))
        problems += [
            found for name, value in text.with_.items() for found in _value(document, (*place, "with", name), value)
        ]
        return None, problems
    shared = {name: value for name, value in file.defaults.with_.items() if name in guide.text.parameters}
    text = text.model_copy(update={"with_": {**shared, **text.with_}}) if shared else text
    _parameters(file, place, text, guide, problems)
    _share(document, place, text, guide, problems)
    return Rule(file.named(text.name), text, matchers, guide, document.file, limits_of(text)), problems


def with_defaults(text: RuleText, defaults: DefaultsText) -> RuleText:
    """Return the rule with what its file says for all, where the rule itself says nothing."""
    said = text.model_fields_set
    update: dict[str, Any] = {}
    if defaults.mode is not None and "mode" not in said:
        update["mode"] = defaults.mode
    if defaults.runbook_url and "runbook_url" not in said:
        update["runbook_url"] = defaults.runbook_url
    common = {name: getattr(defaults.limits, name) for name in defaults.limits.model_fields_set}
    own = {name: getattr(text.limits, name) for name in text.limits.model_fields_set}
    if common.keys() - own.keys():
        update["limits"] = text.limits.model_copy(update={**common, **own})
    return text.model_copy(update=update) if update else text


def _matchers(file: RuleFile, place: Path, text: RuleText, problems: list[Problem]) -> tuple[Matcher, ...]:
    found: list[Matcher] = []
    document = file.document
    as_list = (*place, "match", 0) in document.places
    for index, written in enumerate(text.match):
        where = (*place, "match", index) if as_list else (*place, "match")
        if is_lost(where, file.lost):
            continue
        try:
            parsed = parse_matchers(written)
        except MatcherError as error:
            problems.append(problem_at(document, where, str(error), offset=error.offset))
            continue
        found += parsed.matchers
        problems += [problem_at(document, where, warning, severity="warning", name="matcher-grammar")
                     for warning in parsed.warnings]  # fmt: skip
        if not parsed.matchers:
            problems.append(problem_at(document, where, "no matcher stands here; it would match every alert"))
    return tuple(found)


def _inhibitions(file: RuleFile, place: Path, text: RuleText, problems: list[Problem]) -> None:
    for number, inhibition in enumerate(text.inhibited_by):
        for index, written in enumerate(inhibition.source_matchers):
            where = (*place, "inhibited_by", number, "source_matchers", index)
            try:
                if not is_lost(where, file.lost):
                    parse_matchers(written)
            except MatcherError as error:
                problems.append(problem_at(file.document, where, str(error), offset=error.offset))


def _share(document: Document, place: Path, text: RuleText, guide: Guide, problems: list[Problem]) -> None:
    """Check the expression of ``limits.share`` against what the guide's diagnosis gives."""
    share = text.limits.share
    if share is None:
        return
    actions = [(step.id, registry.find(step.action)) for step in guide.diagnose]
    outputs = {name: action.outputs for name, action in actions if action is not None}
    where = (*place, "limits", "share", "of")
    try:
        names = compile_template(f"{{{{ {share.of} }}}}").names
    except TemplateError as error:
        problems.append(problem_at(document, where, str(error)))
        return
    if len(outputs) < len(actions) or isinstance(guide.text.parameters, LostParameters):
        return  # not all names are known, and that has been said
    found = check_names(names, Known(frozenset(guide.text.parameters), outputs))
    problems += [problem_at(document, where, message, hint) for _, message, hint in found]


def _parameters(file: RuleFile, place: Path, text: RuleText, guide: Guide, problems: list[Problem]) -> None:
    document, declared = file.document, guide.text.parameters
    if isinstance(declared, LostParameters):
        return
    for name, value in text.with_.items():
        # What the file says for all its rules stands there.
        where: Path = (*place, "with", name)
        if where not in document.places:
            where = ("defaults", "with", name)
        if name in declared:
            problems += _handed_over(document, where, declared[name], value)
        else:
            message = f'the guide "{guide.name}" has no parameter "{name}"'
            problems.append(problem_at(document, where, message, nearest(name, declared), on_key=True))
    if is_lost((*place, "with"), file.lost) or is_lost(("defaults", "with"), file.lost):
        return
    misspelt = {nearest(name, declared) for name in text.with_ if name not in declared}
    for name, parameter in declared.items():
        needed = parameter.default is None and not isinstance(parameter, LostParameter)
        if needed and name not in text.with_ and f'did you mean "{name}"?' not in misspelt:
            message = f'the guide "{guide.name}" needs the parameter "{name}"'
            problems.append(
                problem_at(document, (*place, "guide"), message, f"hand it over under with: {{{name}: ...}}")
            )


def _handed_over(document: Document, where: Path, declared: ParameterText, value: Any) -> list[Problem]:
    if isinstance(value, str) and is_templated(value):
        return _value(document, where, value)
    try:
        if not isinstance(declared, LostParameter):
            coerce(where[-1] if isinstance(where[-1], str) else "", declared, value)
    except RenderError as error:
        return [problem_at(document, where, str(error))]
    return []


def _value(document: Document, where: Path, value: Any) -> list[Problem]:
    if not isinstance(value, str) or not is_templated(value):
        return []
    try:
        template = compile_template(value)
    except TemplateError as error:
        return [problem_at(document, where, str(error), offset=error.offset)]
    known = Known(roots=_BEFORE_PLAN)
    return [problem_at(document, where, message, hint) for _, message, hint in check_names(template.names, known)]
