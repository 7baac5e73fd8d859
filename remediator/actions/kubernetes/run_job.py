"""``kubernetes.run_job``: runs a Job once, waits for its end, and tells how it ended.

The Job's name is made of the step's key: done again, the step finds the Job that it began and waits
for that one. The cluster removes the Job some time after its end; until half of that time has passed
a Job that is not there has not been begun, later that cannot be told.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import Api, open_api
from remediator.actions.kubernetes.difference import difference
from remediator.actions.kubernetes.documents import Document, number, section, text
from remediator.actions.kubernetes.job import (
    MARK,
    from_cron_job,
    from_template,
    job_name,
    mark,
    named,
    state_of,
)
from remediator.actions.kubernetes.job_end import Ended, remains
from remediator.actions.kubernetes.manifest import refuse_size
from remediator.actions.kubernetes.names import ConnectionName, Label, Name
from remediator.actions.kubernetes.quotas import pods_of, quota_right, shortages, with_shortages
from remediator.actions.kubernetes.waiting import Deadline, look_until
from remediator.actions.kubernetes.writing import answered, create, find
from remediator.core.action import Action, Intent, Outputs, Parameters, Permission
from remediator.core.durations import SECOND, Duration, show_duration
from remediator.errors import AmbiguousError, PermanentError, TemporaryError

_MOST_PODS = 100_000  # as many at once as the API lets a Job of no given completions have
_IN_ERROR = 5  # lines of the log that a failure quotes


class RunJobParameters(Parameters):
    """What to run: ``template``, or the name of a CronJob."""

    namespace: Label = Field(description="Where it runs.")
    cron_job: Name | None = Field(
        None, description="Run a Job as this CronJob would, as kubectl create job --from does. Instead of template."
    )
    template: dict[str, Any] | None = Field(
        None, description="A Job: spec, and labels and annotations under metadata. Instead of cron_job."
    )
    name: Name | None = Field(
        None, description="Begins the Job's name; the rest names the step. With template; default: the CronJob's name."
    )
    wait: Duration = Field(
        600.0, gt=0, le=86400.0, description="How long to wait for its end. The step's own timeout must be longer."
    )
    ttl: Duration = Field(
        86400.0, ge=600.0, le=30 * 86400.0, description="How long the ended Job is kept: ttlSecondsAfterFinished."
    )
    tail: int = Field(20, ge=0, le=200, description="Last lines of its pods' logs to return.")
    connection: ConnectionName = Field("default", description="Name of an entry under connections.kubernetes.")
    job: Label | None = Field(None, description="The Job's whole name. Filled in before the step is done.")
    job_mark: str | None = Field(
        None, max_length=64, description="What the Job is marked with. Filled in before the step is done."
    )
    begin_before: int | None = Field(
        None, description="Microseconds since 1970, after which it is not begun any more. Filled in like job."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.cron_job is None) == (self.template is None):
            raise ValueError('give either "template" or "cron_job"')
        if self.template is not None and self.name is None:
            raise ValueError('a template takes a "name"')
        return self

    @field_validator("template")
    @classmethod
    def _a_job(cls, template: dict[str, Any] | None) -> dict[str, Any] | None:
        if template is None:
            return None
        unknown = set(template) - {"apiVersion", "kind", "metadata", "spec"}
        if unknown or template.get("kind", "Job") != "Job" or not isinstance(template.get("spec"), dict):
            raise ValueError("a template is a Job: spec, and labels and annotations under metadata")
        if set(section(template, "metadata")) - {"labels", "annotations"}:
            raise ValueError("a template's metadata takes labels and annotations; the name is given beside it")
        return refuse_size(template)


class RunJobOutputs(Outputs):
    """How the Job ended. A Job that fails is a failed step, whose error tells the same."""

    job: str = Field(description="The Job's name.")
    succeeded: int = Field(description="Pods that succeeded.")
    failed: int = Field(description="Pods that failed before.")
    exit_codes: tuple[Ended, ...] = Field(description="How the containers ended; of 10 pods at most.")
    log: tuple[str, ...] = Field(description="Last lines of its logs; as many as tail says, 500 characters each.")
    changed: bool = Field(description="False when this step had begun the Job already.")


async def perform(p: RunJobParameters, context: Context) -> RunJobOutputs:
    """Create the Job, or find it, and wait; PermanentError when it fails, AmbiguousError when it has not ended."""
    api = await open_api(context, p.connection)
    p = _fixed(p, context)
    found = await find(api, _job_path(p))
    created = found is None and await _begin(api, p, context)
    if found is not None:
        _refuse_foreign(p, found)

    async def look() -> Document | None:
        job = await api.get(_job_path(p))
        _refuse_foreign(p, job)
        return job if state_of(job)[0] != "running" else None

    job = await look_until(look, Deadline(p.wait))
    if job is None:
        raise AmbiguousError(f"job {p.namespace}/{p.job} has not ended within {show_duration(p.wait)}; it runs on")
    state, why = state_of(job)
    ended, lines = await remains(api, p.namespace, p.job or "", p.tail)
    if state == "failed":
        codes = ", ".join(f"{one.pod}/{one.container}: {one.exit_code}" for one in ended if one.exit_code)
        words = " | ".join(line[:200] for line in lines[-_IN_ERROR:])
        raise PermanentError(f"job {p.namespace}/{p.job} failed: {why}; exit codes: {codes or 'none'}; log: {words}")
    return RunJobOutputs(
        job=p.job or "", succeeded=number(job, "status", "succeeded"), failed=number(job, "status", "failed"),
        exit_codes=ended, log=lines, changed=created,
    )  # fmt: skip


async def resolve(p: RunJobParameters, context: Context) -> Intent[RunJobParameters]:
    """Fix the Job's name and mark; look whether there is something to make it of."""
    await _made(await open_api(context, p.connection), p)
    return Intent(_fixed(p, context), {})


async def happened(intent: Intent[RunJobParameters], context: Context) -> bool | None:
    """Whether the Job succeeded; None while it runs, when it failed, and when it may have been removed."""
    p = intent.parameters
    found = await find(await open_api(context, p.connection), _job_path(p))
    if found is None:
        return None if _too_late(p, context) else False
    _refuse_foreign(p, found)
    return True if state_of(found)[0] == "complete" else None


async def preview(p: RunJobParameters, context: Context) -> str:
    """Show the Job that would be created, by the server's dry run, and which quotas have no room for its pods."""
    api = await open_api(context, p.connection)
    p = _fixed(p, context)
    made = named(await _made(api, p), p.job or "", p.namespace, p.job_mark or "", p.ttl)
    answer = await create(api, _jobs_path(p), made, dry_run=True)
    metadata = {key: section(answer, "metadata").get(key) for key in ("labels", "annotations")}
    shown = {"metadata": {key: value for key, value in metadata.items() if value}, "spec": section(answer, "spec")}
    template, spec = section(answer, "spec", "template"), section(answer, "spec")
    at_once = min(number(spec, "parallelism", default=1), number(spec, "completions", default=_MOST_PODS))
    found = await shortages(api, p.namespace, [(template, pods_of(template, max(at_once, 0)))])
    return with_shortages(difference(f"job {p.namespace}/{p.job} (new)", {}, shown), found)


async def _begin(api: Api, p: RunJobParameters, context: Context) -> bool:
    """Create the Job; false when another try of this step has just done so."""
    if _too_late(p, context):
        raise AmbiguousError(f"job {p.namespace}/{p.job} may have run and been removed since; it is not begun again")
    made = named(await _made(api, p), p.job or "", p.namespace, p.job_mark or "", p.ttl)
    try:
        await create(api, _jobs_path(p), made)
    except TemporaryError as error:
        if answered(error, "POST", _jobs_path(p), HTTPStatus.CONFLICT) and await find(api, _job_path(p)) is not None:
            return False  # whose it is, is looked at by who waits for it
        raise
    return True


async def _made(api: Api, p: RunJobParameters) -> Document:
    if p.template is not None:
        return from_template(p.template)
    return from_cron_job(await api.get(f"/apis/batch/v1/namespaces/{p.namespace}/cronjobs/{p.cron_job}"))


def _fixed(p: RunJobParameters, context: Context) -> RunJobParameters:
    if p.job is not None:
        return p
    return p.model_copy(
        update={
            "job": job_name(p.name or p.cron_job or "", context.key),
            "job_mark": mark(context.key),
            "begin_before": context.now + int(p.ttl / 2 * SECOND),
        }
    )


def _too_late(p: RunJobParameters, context: Context) -> bool:
    return p.begin_before is not None and context.now > p.begin_before


def _refuse_foreign(p: RunJobParameters, job: Document) -> None:
    if text(job, "metadata", "annotations", MARK) != p.job_mark:
        raise PermanentError(f"there is a job {p.namespace}/{p.job} that this step has not made")


def _jobs_path(p: RunJobParameters) -> str:
    return f"/apis/batch/v1/namespaces/{p.namespace}/jobs"


def _job_path(p: RunJobParameters) -> str:
    return f"{_jobs_path(p)}/{p.job}"


def _targets(p: RunJobParameters) -> tuple[str, ...]:
    what = f"cronjob/{p.cron_job}" if p.cron_job is not None else f"job/{p.name}"
    return (f"kubernetes/{p.connection}/{p.namespace}/{what}",)


def _permissions(p: RunJobParameters) -> tuple[Permission, ...]:
    jobs = [Permission(verb, "jobs", p.namespace, "batch") for verb in ("get", "create")]
    pods = [Permission("list", "pods", p.namespace), Permission("get", "pods/log", p.namespace)]
    cron_jobs = [Permission("get", "cronjobs", p.namespace, "batch")] if p.template is None else []
    return (*jobs, *pods, *cron_jobs, quota_right(p.namespace))


ACTION = Action(
    name="kubernetes.run_job",
    summary="Runs a Job, of a template or of a CronJob, waits for its end and tells how it ended.",
    parameters=RunJobParameters,
    outputs=RunJobOutputs,
    perform=perform,
    backend=lambda p: f"kubernetes/{p.connection}",
    changes=True,
    targets=_targets,
    resolve=resolve,
    happened=happened,
    preview=preview,
    permissions=_permissions,
)
