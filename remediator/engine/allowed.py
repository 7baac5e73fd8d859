"""What the site allows of a step: its action, how much of it, and the places that it really touches."""

from __future__ import annotations

from typing import Any

from remediator.actions import registry
from remediator.core.action import Action, Parameters
from remediator.core.guards import Envelope, judge_place
from remediator.core.plan import covers, scope_of, validated
from remediator.core.policy import Policy, exceeds, forbids_action
from remediator.core.records import Plan, RemedyPlan, StepPlan
from remediator.errors import RenderError


def only_what_is_allowed(
    plan: Plan, action: Action[Any, Any], parameters: Parameters, envelope: Envelope, backend: str
) -> None:
    """Check what a step really touches: a guide's target may be an ancestor of it, and say less than it does.

    Raise RenderError.
    """
    only_what_the_policy_allows(envelope.policy, action, parameters)
    for target in action.targets(parameters):
        if not any(covers(lock, target) for lock in plan.locks):
            raise RenderError(f"{action.name} would change {target}, which this run has not locked")
        if refused := judge_place(target, envelope):
            raise RenderError(f"{action.name} would change what must not be changed: {refused.reason}")
    if backend and backend not in plan.backends:
        raise RenderError(f"{action.name} would talk to {backend}, which was not known when the run was planned")


def only_what_the_policy_allows(policy: Policy, action: Action[Any, Any], parameters: Parameters | None) -> None:
    """Check a step's action and, where its parameters are known, their amounts. Raise RenderError."""
    if not action.changes:
        return
    if refusal := forbids_action(policy, action.name):
        raise RenderError(refusal)
    if not policy.bounds or parameters is None:
        return
    if refusal := exceeds(policy, action.name, action.amounts(parameters)):
        raise RenderError(refusal)


def forbidden_beforehand(plan: Plan, remedy: RemedyPlan, policy: Policy) -> str:
    """Say why the policy forbids a remedy, as far as that is known before anything is looked at; else nothing."""
    return next((why for step in remedy.steps if (why := _forbidden(plan, step, policy))), "")


def _forbidden(plan: Plan, step: StepPlan, policy: Policy) -> str:
    action = registry.find(step.action)
    if action is None:
        return ""
    parameters: Parameters | None = None
    if policy.bounds and not step.needs:
        try:
            parameters = validated(action, step, scope_of(plan, {}, 0))
        except RenderError:
            parameters = None  # that it cannot be done is found, and told, elsewhere
    try:
        only_what_the_policy_allows(policy, action, parameters)
    except RenderError as error:
        return str(error)
    return ""
