"""Pausing and resuming a deployment's rollout: ``spec.paused``, as kubectl sets it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from remediator.actions.kubernetes.api import FIELD_MANAGER
from remediator.actions.kubernetes.caution import KEEPS_PODS, caution_about, put_back
from remediator.actions.kubernetes.documents import Document, clean
from remediator.actions.kubernetes.edit import Edit
from remediator.actions.kubernetes.managers import last_writers
from remediator.actions.kubernetes.workloads import WorkloadParameters, path, title


class PausingParameters(WorkloadParameters):
    """Which deployment's rollout."""

    kind: Literal["deployment"] = Field(description="Only a deployment's rollout can be paused.")


def _pause_caution(_p: PausingParameters, deployment: Document) -> str:
    return caution_about(deployment, keeps=KEEPS_PODS)


def _resume_caution(_p: PausingParameters, deployment: Document) -> str:
    writers = last_writers(deployment, "spec", "paused")
    who = clean(" or ".join(writers), 300) or "somebody whose name is not recorded"
    mine = FIELD_MANAGER in writers
    held = "" if mine else f"its rollout was paused by {who}, perhaps for a reason"
    return "; ".join(filter(None, (put_back(deployment, keeps=KEEPS_PODS), held)))


PAUSE: Edit[PausingParameters] = Edit(
    path=path,
    title=title,
    wanted=lambda _p, _found: {("spec", "paused"): True},
    caution=_pause_caution,
)
RESUME: Edit[PausingParameters] = Edit(
    path=path,
    title=title,
    # kubectl removes the field, too: false is what an absent one means.
    wanted=lambda _p, _found: {("spec", "paused"): None},
    caution=_resume_caution,
)
