"""``kubernetes.annotate``: annotations, as ``kubectl annotate --overwrite`` sets and removes them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from remediator.actions.answers.words import worded
from remediator.actions.kubernetes.edit import EditOutputs
from remediator.actions.kubernetes.marks import Key, MarkParameters, backend, marking, rights, targets
from remediator.core.action import Action

Value = Annotated[str, BeforeValidator(worded), StringConstraints(max_length=65_536)]


class AnnotateParameters(MarkParameters):
    """Which object, and which annotations."""

    set: dict[Key, Value] = Field(
        default_factory=dict,
        max_length=50,
        description="Keys and their values, at most 64 Ki characters each; numbers with a fraction must be quoted. "
        "50 at most.",
    )

    @property
    def values(self) -> dict[str, str]:
        """Return the keys to be set, with their values."""
        return self.set


_EDIT = marking("annotations")

ACTION: Action[AnnotateParameters, EditOutputs] = Action(
    name="kubernetes.annotate",
    summary="Sets or removes annotations of a workload, service, pod or namespace, or of a pod template.",
    parameters=AnnotateParameters,
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
    undo_is_safe=True,
    permissions=rights,
)
