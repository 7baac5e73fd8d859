"""``kubernetes.rollout_restart``: new pods for a workload, by its own update strategy.

As ``kubectl rollout restart`` does it: a strategic merge patch of the pod template's annotation
``kubectl.kubernetes.io/restartedAt``. Beyond kubectl, the strategy OnDelete is refused: its
controller replaces no pod by itself, so nothing would be restarted.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import STRATEGIC_PATCH, open_api
from remediator.actions.kubernetes.caution import KEEPS_PODS, caution_of
from remediator.actions.kubernetes.difference import difference
from remediator.actions.kubernetes.documents import Document, flag, number, section, text
from remediator.actions.kubernetes.workloads import (
    WorkloadParameters,
    backend,
    path,
    read_workload,
    right,
    strategy_of,
    targets,
)
from remediator.core.action import Action, Intent, Outputs
from remediator.core.durations import SECOND
from remediator.errors import PermanentError

ANNOTATION = "kubectl.kubernetes.io/restartedAt"

# Not \d, which takes digits of every script.
TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})$"


class RestartParameters(WorkloadParameters):
    """Which workload to restart."""

    restarted_at: Annotated[str, Field(pattern=TIME)] | None = Field(
        None, description="The annotation's value, RFC 3339. Default: when the step begins."
    )


class RestartOutputs(Outputs):
    """What became of it."""

    restarted_at: str = Field(description="The annotation's value.")
    generation: int = Field(description="Number of the workload's specification after the change.")
    changed: bool = Field(description="False when this very restart had been asked for already.")


async def perform(p: RestartParameters, context: Context) -> RestartOutputs:
    """Ask for the restart; does nothing when the annotation has this value already."""
    api = await open_api(context, p.connection)
    stamp = p.restarted_at or stamp_of(context.now)
    found = await read_workload(api, p)
    if _annotation(found) == stamp:
        return RestartOutputs(restarted_at=stamp, generation=number(found, "metadata", "generation"), changed=False)
    _refuse_what_would_not_restart(p, found)
    answer = await api.patch(path(p), _patch(stamp), STRATEGIC_PATCH)
    return RestartOutputs(restarted_at=stamp, generation=number(answer, "metadata", "generation"), changed=True)


async def resolve(p: RestartParameters, context: Context) -> Intent[RestartParameters]:
    """Fix the time; record the previous annotation, the generation and a digest of the pod template."""
    api = await open_api(context, p.connection)
    found = await read_workload(api, p)
    _refuse_what_would_not_restart(p, found)
    before = {
        "restarted_at": _annotation(found),
        "generation": number(found, "metadata", "generation"),
        "pod_template_hash": _digest(section(found, "spec", "template")),
    }
    return Intent(p.model_copy(update={"restarted_at": p.restarted_at or stamp_of(context.now)}), before)


async def happened(intent: Intent[RestartParameters], context: Context) -> bool | None:
    """Whether the annotation is ours; None when it is neither ours nor the one before."""
    api = await open_api(context, intent.parameters.connection)
    now = _annotation(await read_workload(api, intent.parameters))
    if now == intent.parameters.restarted_at:
        return True
    return False if now == intent.before.get("restarted_at") else None


async def preview(p: RestartParameters, context: Context) -> str:
    """Show what would change, by the server's dry run."""
    api = await open_api(context, p.connection)
    found = await read_workload(api, p)
    _refuse_what_would_not_restart(p, found)
    stamp = p.restarted_at or stamp_of(context.now)
    answer = await api.patch(path(p), _patch(stamp), STRATEGIC_PATCH, dry_run=True)
    return difference(f"{p.kind} {p.namespace}/{p.name}", found, answer)


async def caution(p: RestartParameters, context: Context) -> str:
    """Say whether an operator would put the template back, or somebody else's rollout is in progress."""
    return await caution_of(await open_api(context, p.connection), p, keeps=KEEPS_PODS)


def _patch(stamp: str) -> Document:
    return {"spec": {"template": {"metadata": {"annotations": {ANNOTATION: stamp}}}}}


def stamp_of(now: int) -> str:
    """Return an instant (microseconds since 1970) as the annotation has it: RFC 3339, to the second."""
    return datetime.fromtimestamp(now // SECOND, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _annotation(workload: Document) -> str | None:
    return text(workload, "spec", "template", "metadata", "annotations", ANNOTATION) or None


def _digest(template: Any) -> str:
    return hashlib.sha256(orjson.dumps(template, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def _refuse_what_would_not_restart(p: RestartParameters, workload: Document) -> None:
    if flag(workload, "spec", "paused"):
        raise PermanentError(f"{p.kind} {p.namespace}/{p.name} is paused; resume its rollout first")
    if strategy_of(workload) == "OnDelete":
        raise PermanentError(f"{p.kind} {p.namespace}/{p.name} updates OnDelete; a restart would replace no pod")


ACTION = Action(
    name="kubernetes.rollout_restart",
    summary="Replaces a workload's pods by its own update strategy, as kubectl rollout restart does.",
    parameters=RestartParameters,
    outputs=RestartOutputs,
    perform=perform,
    backend=backend,
    changes=True,
    targets=targets,
    resolve=resolve,
    happened=happened,
    preview=preview,
    caution=caution,
    permissions=lambda p: (right(p, "get"), right(p, "patch")),
)
