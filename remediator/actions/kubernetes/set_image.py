"""``kubernetes.set_image``: the image of one container, as ``kubectl set image`` sets it; its pods restart."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from remediator.actions.kubernetes.caution import KEEPS_ALL, caution_about
from remediator.actions.kubernetes.containers import container_at
from remediator.actions.kubernetes.documents import Document
from remediator.actions.kubernetes.edit import Edit, EditOutputs
from remediator.actions.kubernetes.names import Label
from remediator.actions.kubernetes.places import Fields
from remediator.actions.kubernetes.workloads import WorkloadParameters, backend, path, right, targets, title
from remediator.core.action import Action

# Host with port, path, tag and digest; what is finer is the registry's to know.
_IMAGE = r"^[A-Za-z0-9][A-Za-z0-9._-]*(?::[0-9]{1,5})?(?:/[a-z0-9][a-z0-9._-]*)*(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(?:@sha256:[0-9a-f]{64})?$"  # noqa: E501 -- one pattern
Image = Annotated[str, StringConstraints(pattern=_IMAGE, max_length=500)]


class ImageParameters(WorkloadParameters):
    """Which workload, which container, which image."""

    image: Image = Field(description="The image, as in a pod: registry.example.com/shop/web:1.4.2 or with @sha256:….")
    container: Label | None = Field(
        None,
        description="The container, or init container. Default: the only one, or the one that the pod template's "
        "annotation kubectl.kubernetes.io/default-container names.",
    )


def _fix(p: ImageParameters, workload: Document) -> ImageParameters:
    return p.model_copy(update={"container": container_at(workload, p.container, init=True)[0]})


def _wanted(p: ImageParameters, workload: Document) -> Fields:
    return {(*container_at(workload, p.container, init=True)[1], "image"): p.image}


def _caution(_p: ImageParameters, workload: Document) -> str:
    return caution_about(workload, keeps=KEEPS_ALL)


_EDIT: Edit[ImageParameters] = Edit(path=path, title=title, wanted=_wanted, caution=_caution, fix=_fix)

ACTION: Action[ImageParameters, EditOutputs] = Action(
    name="kubernetes.set_image",
    summary="Sets the image of one container of a workload; its pods restart.",
    parameters=ImageParameters,
    outputs=EditOutputs,
    perform=_EDIT.perform,
    backend=backend,
    changes=True,
    targets=targets,
    resolve=_EDIT.resolve,
    happened=_EDIT.happened,
    preview=_EDIT.preview,
    caution=_EDIT.warn,
    undo=_EDIT.undo,
    permissions=lambda p: (right(p, "get"), right(p, "patch")),
)
