"""Make a rule ready: its matchers, its guide, the parameters that it hands over."""

from __future__ import annotations

from typing import Any

from remediator.actions import registry
from remediator.core.guide import DefaultsText, RuleText
from remediator.core.matchers import Matcher, parse_matchers
from remediator.core.plan import coerce
from remediator.core.problems import Problem, nearest
from remediator.core.rules import Guide, Rule, limits_of
from remediator.core.templates import Known, check_names, compile_template, is_templated
from remediator.errors import MatcherError, RenderError, TemplateError
from remediator.interfaces.documents import Document, Path, problem_at
from remediator.interfaces.rule_files.reading import RuleFile

_BEFORE_PLAN = frozenset({"labels", "annotations", "alert", "rule", "guide"})


def make_rule(
    file: RuleFile, position: int, written: RuleText, guides: dict[str, Guide | None]
) -> tuple[Rule | None, list[Problem]]:
    """Return the rule, or None, and everything that is wrong with it (warnings too)."""
    document, text = file.document, with_defaults(written, file.defaults)
    place: Path = ("rules", position)
    problems: list[Problem] = []
    matchers = _matchers(document, place, text, problems)
    wanted = text.guide if "/" in text.guide else file.named(text.guide)
    if wanted not in guides:
        hint = nearest(wanted, guides)
        problems.append(problem_at(document, (*place, "guide"), f'there is no guide "{wanted}"', hint))
        return None, problems
    guide = guides[wanted]
    if guide is None:
        return None, problems
    shared = {name: value for name, value in file.defaults.with_.items() if name in guide.text.parameters}
    text = text.model_copy(update={"with_": {**shared, **text.with_}}) if shared else text
    _parameters(document, place, text, guide, problems)
    _inhibitions(document, place, text, problems)
    _share(document, place, text, guide, problems)
    if any(problem.severity == "error" for problem in problems):
        return None, problems
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


def _matchers(document: Document, place: Path, text: RuleText, problems: list[Problem]) -> tuple[Matcher, ...]:
    found: list[Matcher] = []
    as_list = isinstance(document.data["rules"][place[1]].get("match"), list)
    for index, written in enumerate(text.match):
        where = (*place, "match", index) if as_list else (*place, "match")
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


def _inhibitions(document: Document, place: Path, text: RuleText, problems: list[Problem]) -> None:
    for number, inhibition in enumerate(text.inhibited_by):
        for index, written in enumerate(inhibition.source_matchers):
            try:
                parse_matchers(written)
            except MatcherError as error:
                where = (*place, "inhibited_by", number, "source_matchers", index)
                problems.append(problem_at(document, where, str(error), offset=error.offset))


def _share(document: Document, place: Path, text: RuleText, guide: Guide, problems: list[Problem]) -> None:
    """Check the expression of ``limits.share`` against what the guide's diagnosis gives."""
    share = text.limits.share
    if share is None:
        return
    outputs = {step.id: action.outputs for step in guide.diagnose if (action := registry.find(step.action))}
    where = (*place, "limits", "share", "of")
    try:
        names = compile_template(f"{{{{ {share.of} }}}}").names
    except TemplateError as error:
        problems.append(problem_at(document, where, str(error)))
        return
    found = check_names(names, Known(frozenset(guide.text.parameters), outputs))
    problems += [problem_at(document, where, message, hint) for _, message, hint in found]


def _parameters(document: Document, place: Path, text: RuleText, guide: Guide, problems: list[Problem]) -> None:
    declared = guide.text.parameters
    for name, value in text.with_.items():
        # What the file says for all its rules stands there.
        where: Path = (*place, "with", name)
        if where not in document.places:
            where = ("defaults", "with", name)
        if name not in declared:
            message = f'the guide "{guide.name}" has no parameter "{name}"'
            problems.append(problem_at(document, where, message, nearest(name, declared), on_key=True))
            continue
        problems += _value(document, where, value)
        if not (isinstance(value, str) and is_templated(value)):
            try:
                coerce(name, declared[name], value)
            except RenderError as error:
                problems.append(problem_at(document, where, str(error)))
    for name, parameter in declared.items():
        if parameter.default is None and name not in text.with_:
            message = f'the guide "{guide.name}" needs the parameter "{name}"'
            problems.append(
                problem_at(document, (*place, "guide"), message, f"hand it over under with: {{{name}: ...}}")
            )


def _value(document: Document, where: Path, value: Any) -> list[Problem]:
    if not isinstance(value, str) or not is_templated(value):
        return []
    try:
        template = compile_template(value)
    except TemplateError as error:
        return [problem_at(document, where, str(error), offset=error.offset)]
    known = Known(roots=_BEFORE_PLAN)
    return [problem_at(document, where, message, hint) for _, message, hint in check_names(template.names, known)]
