"""Jobs: made of a template or of a CronJob, recognised again, and read when they have ended.

Sources: ``kubectl create job --from`` (labels, annotations and the specification of ``jobTemplate``,
annotation ``cronjob.kubernetes.io/instantiate: manual``, the CronJob as owner); Kubernetes, "Jobs":
a Job has ended when its condition Complete or Failed is True.
"""

from __future__ import annotations

import copy
import hashlib
import math
from typing import Any

from remediator.actions.kubernetes.documents import Document, clean, number, objects, section, text
from remediator.errors import PermanentError

MARK = "remediator/step"
_NAME = 63  # a pod's label holds the job's name, and a label has at most 63 characters
_DIGITS = 10


def job_name(prefix: str, key: str) -> str:
    """Return the name of the Job of this step: the same whenever the step is repeated."""
    kept = prefix.replace(".", "-")[: _NAME - _DIGITS - 1].rstrip("-")
    return f"{kept}-{_digest(key)[:_DIGITS]}"


def mark(key: str) -> str:
    """Return what the Job of this step is marked with."""
    return _digest(key)[:32]


def from_cron_job(cron_job: Document) -> Document:
    """Return the Job that kubectl would make of this CronJob, still without a name."""
    if cron_job.get("kind") != "CronJob" or not text(cron_job, "metadata", "uid"):
        raise PermanentError("the answer is not a CronJob")
    template = section(cron_job, "spec", "jobTemplate")
    annotations = {"cronjob.kubernetes.io/instantiate": "manual", **section(template, "metadata", "annotations")}
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": text(cron_job, "metadata", "name"),
        "uid": text(cron_job, "metadata", "uid"),
        "controller": True,
    }
    labels = section(template, "metadata", "labels")
    metadata: Document = {
        "annotations": annotations,
        "ownerReferences": [owner],
        **({"labels": labels} if labels else {}),
    }
    return _job(metadata, section(template, "spec"))


def from_template(template: Document) -> Document:
    """Return the Job of a guide's template, still without a name."""
    metadata = section(template, "metadata")
    kept = {key: section(metadata, key) for key in ("labels", "annotations") if section(metadata, key)}
    return _job(kept, section(template, "spec"))


def named(job: Document, name: str, namespace: str, key: str, ttl: float) -> Document:
    """Return the Job with its name, its mark, and the time after which the cluster removes it."""
    made = copy.deepcopy(job)
    made["metadata"] |= {"name": name, "namespace": namespace}
    made["metadata"]["annotations"] = {**section(made, "metadata", "annotations"), MARK: key}
    made["spec"]["ttlSecondsAfterFinished"] = math.ceil(ttl)
    return made


def state_of(job: Document) -> tuple[str, str]:
    """Return ``complete``, ``failed`` or ``running``, and why."""
    for item in objects(job, "status", "conditions"):
        if item.get("status") == "True" and item.get("type") in {"Complete", "Failed"}:
            said = clean(item.get("message"), 300) or clean(item.get("reason"), 100)
            return ("complete" if item["type"] == "Complete" else "failed"), said
    return "running", f"{number(job, 'status', 'active')} pods are active"


def _job(metadata: Document, spec: Document) -> Document:
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": copy.deepcopy(metadata), "spec": copy.deepcopy(spec)}


def _digest(value: Any) -> str:
    return hashlib.sha256(str(value).encode()).hexdigest()
