"""``kubernetes.label``: labels, as ``kubectl label --overwrite`` sets and removes them.

A pod that loses a label which its Service selects by gets no traffic any more; one that loses a label
which its controller selects by is left alone and replaced.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from remediator.actions.answers.words import worded
from remediator.actions.kubernetes.edit import EditOutputs
from remediator.actions.kubernetes.marks import Key, MarkParameters, backend, marking, rights, targets
from remediator.core.action import Action

_VALUE = r"^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$"
Value = Annotated[str, BeforeValidator(worded), StringConstraints(pattern=_VALUE)]


class LabelParameters(MarkParameters):
    """Which object, and which labels."""

    set: dict[Key, Value] = Field(
        default_factory=dict,
        max_length=50,
        description="Keys and their values, at most 63 letters, digits, dashes, dots and underscores each; numbers "
        "with a fraction must be quoted. 50 at most.",
    )

    @property
    def values(self) -> dict[str, str]:
        """Return the keys to be set, with their values."""
        return self.set


_EDIT = marking("labels")

ACTION: Action[LabelParameters, EditOutputs] = Action(
    name="kubernetes.label",
    summary="Sets or removes labels of a workload, service, pod or namespace, or of a pod template.",
    parameters=LabelParameters,
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
