"""Labels to choose by, as a mapping: a value that comes from an alert's label stays one value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

_NAME = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"
_PREFIX = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"

# Source: Kubernetes, "Labels and Selectors", syntax and character set.
LabelKey = Annotated[str, StringConstraints(max_length=317, pattern=f"^(?:{_PREFIX}/)?{_NAME}$")]
LabelValue = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=f"^{_NAME}$")]
Labels = Annotated[dict[LabelKey, LabelValue], Field(max_length=10)]
"""Labels that must all be there, with these values. Never empty texts: a label that is missing matches nothing."""


def labels_query(labels: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the query of a list request; without labels nothing is asked."""
    return [("labelSelector", ",".join(f"{key}={value}" for key, value in sorted(labels.items())))] if labels else []
