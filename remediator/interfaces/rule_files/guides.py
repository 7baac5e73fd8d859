"""Make a guide ready: steps become plans, and every name, argument, template and condition is checked.

What can be known at load is an error at load: an action, a parameter, a step or an output that
cannot exist; an argument of the wrong type unless a template stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace
from pydantic import ConfigDict, ValidationError

from remediator.actions import registry
from remediator.core.action import Action, Outputs
from remediator.core.durations import show_duration
from remediator.core.guide import GuideText, StepText
from remediator.core.plan import coerce, split_target
from remediator.core.problems import Problem, nearest
from remediator.core.records import RemedyPlan, StepPlan, VerifyPlan
from remediator.core.rules import Guide
from remediator.core.templates import (
    Known,
    check_names,
    compile_condition,
    compile_template,
    is_templated,
    names_in_tree,
)
from remediator.core.transitions import Mode, stricter
from remediator.errors import RenderError, TemplateError
from remediator.interfaces.documents import Document, Path, problem_at
from remediator.interfaces.rule_files.arguments import wrong_arguments
from remediator.interfaces.rule_files.salvage import AnyName, LostParameters, is_lost

AnyAction = Action[Any, Any]


class _Bench(Struct):
    """The guide on the bench: its document, and the problems found so far."""

    document: Document
    place: Path
    params: frozenset[str]
    lost: frozenset[Path] = frozenset()  #: places of the file of which nothing is known
    problems: list[Problem] = field(default_factory=list)

    def is_lost(self, where: Path) -> bool:
        """Whether nothing is known of a place in the guide."""
        return is_lost((*self.place, *where), self.lost)

    def complain(self, where: Path, message: str, hint: str = "", *, on_key: bool = False, offset: int = 0) -> None:
        """Note a problem at a place in the guide."""
        self.problems.append(
            problem_at(self.document, (*self.place, *where), message, hint, on_key=on_key, offset=offset)
        )


def make_guide(
    document: Document, name: str, text: GuideText, whole: str = "", lost: frozenset[Path] = frozenset()
) -> tuple[Guide, list[Problem]]:
    """Return the guide and everything that is wrong with it. ``whole``: its name with its pack's, if it has one.

    ``lost``: places of which nothing is known, since their shape is wrong; what follows from them is not told.
    """
    params = AnyName(text.parameters) if isinstance(text.parameters, LostParameters) else frozenset(text.parameters)
    bench = _Bench(document, ("guides", name), params, lost)
    for parameter, declared in text.parameters.items():
        if declared.default is not None and not (isinstance(declared.default, str) and is_templated(declared.default)):
            try:
                coerce(parameter, declared, declared.default)
            except RenderError as error:
                bench.complain(("parameters", parameter, "default"), str(error))
    segments = _target(bench, text)
    outputs = _Steps()
    outputs.unsure = bench.is_lost(("diagnose",))
    diagnose = _diagnose(bench, text, outputs)
    remedies = tuple(_remedy(bench, text, position, copy(outputs)) for position in range(len(text.remedies)))
    for position, remedy in enumerate(text.remedies):
        if remedy.name and [other.name for other in text.remedies].index(remedy.name) < position:
            bench.complain(("remedies", position, "name"), f'another remedy is called "{remedy.name}" already')
    verify = _verify(bench, text, outputs)
    return Guide(whole or name, text, segments, diagnose, remedies, verify), bench.problems


def _target(bench: _Bench, text: GuideText) -> tuple[str, ...]:
    if bench.is_lost(("target",)):
        return ()
    segments = split_target(text.target)
    if len(segments) < 2:  # noqa: PLR2004 -- a system and a name
        bench.complain(("target",), "a target has two segments or more: kubernetes/default/shop/deployment/cart")
    known = Known(params=bench.params, roots=frozenset({"labels", "annotations", "alert", "rule", "guide", "params"}))
    for segment in segments:
        if not segment:
            bench.complain(("target",), "an empty segment stands between two slashes")
        _check_text(bench, ("target",), _names_of(segment), known)
    return segments


def _names_of(segment: str) -> Callable[[], Iterable[tuple[str, ...]]]:
    return lambda: compile_template(segment).names


def _diagnose(bench: _Bench, text: GuideText, outputs: _Steps) -> tuple[StepPlan, ...]:
    """Steps may ask for the outputs of those before them."""
    steps = []
    for position, step in enumerate(text.diagnose):
        where: Path = ("diagnose", position)
        plan, action = _step(bench, where, step, f"step{position + 1}", outputs)
        if action is not None and action.changes:
            bench.complain((*where, step.action), f"{step.action} changes something; diagnose only reads", on_key=True)
        steps.append(plan)
        _declare(bench, where, plan, action, outputs)
    return tuple(steps)


def _remedy(bench: _Bench, text: GuideText, position: int, outputs: _Steps) -> RemedyPlan:
    remedy = text.remedies[position]
    place: Path = ("remedies", position)
    if remedy.when is not None:
        when = remedy.when
        _check_text(bench, (*place, "when"), lambda: compile_condition(when).names, Known(bench.params, outputs))
    steps: list[StepPlan] = []
    mode = remedy.mode
    for index, step in enumerate(remedy.steps):
        where = (*place, "steps", index)
        plan, action = _step(bench, where, step, f"do{position + 1}_{index + 1}", outputs)
        stage = steps[-1].stage if steps else ""
        if step.stage and step.stage != stage and step.stage in [earlier.stage for earlier in steps]:
            bench.complain((*where, "stage"), f'the stage "{step.stage}" is over; stages come one after the other')
        plan = replace(plan, stage=step.stage or stage)
        steps.append(plan)
        _declare(bench, where, plan, action, outputs)
        if action is not None and action.needs_approval:
            mode = stricter(mode, Mode.ASK)
        if remedy.for_ and action is not None and action.changes and not plan.undoable:
            message = f"{step.action} cannot be undone, so this remedy cannot last only {show_duration(remedy.for_)}"
            bench.complain((*place, "for"), message)
    return RemedyPlan(remedy.name, tuple(steps), remedy.when, mode, remedy.for_)


def _verify(bench: _Bench, text: GuideText, outputs: _Steps) -> VerifyPlan | None:
    verify = text.verify
    if verify is None:
        return None
    conditions = []
    key = "all" if verify.all else "any"
    for position, step in enumerate(verify.all or verify.any):
        where: Path = ("verify", key, position)
        plan, action = _step(bench, where, step, f"check{position + 1}", outputs)
        if action is not None and (action.changes or not action.checks):
            what = "changes something" if action.changes else "does not say whether something holds"
            bench.complain((*where, step.action), f"{step.action} {what}; it cannot verify", _checks(), on_key=True)
        conditions.append(plan)
    return VerifyPlan(tuple(conditions), bool(verify.all), verify.within, verify.interval, verify.hold)


def _checks() -> str:
    return "for example http.probe, prometheus.query, kubernetes.rollout_status, alertmanager.alerts"


def _declare(bench: _Bench, where: Path, plan: StepPlan, action: AnyAction | None, outputs: _Steps) -> None:
    if bench.is_lost((*where, "id")):
        outputs.unsure = True
        return
    if plan.id in set(outputs):
        bench.complain(where, f'another step is called "{plan.id}" already')
    outputs[plan.id] = action.outputs if action is not None else _Anything


class _Anything(Outputs):
    """Outputs of an action that does not exist; its absence has been said."""

    model_config = ConfigDict(extra="allow")


class _Steps(dict[str, type[Outputs]]):
    """Outputs by the ids of the steps so far. ``unsure``: there are others, of which no id is known."""

    unsure = False

    def __contains__(self, name: object) -> bool:
        return self.unsure or super().__contains__(name)

    def __missing__(self, name: str) -> type[Outputs]:
        return _Anything


def _step(
    bench: _Bench, where: Path, step: StepText, default_id: str, outputs: Mapping[str, type[Outputs]]
) -> tuple[StepPlan, AnyAction | None]:
    name = step.id or default_id
    if step.stage and where[0] != "remedies":
        bench.complain((*where, "stage"), "only the steps of a remedy come in stages")
    action = registry.find(step.action)
    if not step.action:
        return StepPlan(name, "", {}), None
    if action is None:
        system = step.action.partition(".")[0]
        known = registry.of_system(system) or registry.systems()
        hint = nearest(step.action if registry.of_system(system) else system, known)
        bench.complain((*where, step.action), f'there is no action "{step.action}"', hint, on_key=True)
        return StepPlan(name, step.action, step.args), None
    needs = _arguments(bench, (*where, step.action), action, step.args, outputs)
    repeatable = not action.changes or _is_idempotent(action, step.args)
    return StepPlan(
        id=name, action=step.action, args=step.args, changes=action.changes, timeout=step.timeout,
        attempts=step.attempts if repeatable else 1, needs=needs,
        undo_safe=action.undo is not None and action.undo_is_safe, cautious=action.caution is not None,
        undoable=action.undo is not None and action.undoable(step.args),
    ), action  # fmt: skip


def _is_idempotent(action: AnyAction, args: Mapping[str, Any]) -> bool:
    """Ask the action with the arguments as written; with templates in them it is asked again when they are known."""
    try:
        return bool(action.idempotent(action.parameters.model_validate(args)))
    except ValidationError:
        return True  # the engine asks again with the rendered arguments, and does not repeat what must not be


def _arguments(
    bench: _Bench, where: Path, action: AnyAction, args: Mapping[str, Any], outputs: Mapping[str, type[Outputs]]
) -> tuple[str, ...]:
    """Check arguments against the action's model, and the names that their templates ask for."""
    bench.problems += wrong_arguments(bench.document, (*bench.place, *where), action.parameters, args)
    known = Known(bench.params, outputs)
    needs: set[str] = set()
    for path, template in names_in_tree(args, action.parameters):
        if isinstance(template, TemplateError):
            bench.complain((*where, *path), str(template), offset=template.offset)
            continue
        for _, message, hint in check_names(template.names, known):
            bench.complain((*where, *path), message, hint)
        needs.update(chain[1] for chain in template.names if chain[0] == "steps" and len(chain) > 1)
    return tuple(sorted(needs))


def _check_text(bench: _Bench, where: Path, names: Callable[[], Iterable[tuple[str, ...]]], known: Known) -> None:
    try:
        found = names()
    except TemplateError as error:
        bench.complain(where, str(error), offset=error.offset)
        return
    for _, message, hint in check_names(found, known):
        bench.complain(where, message, hint)
