"""Which Alertmanager, what may be silenced there, and labels as its filters take them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from remediator.actions.answers.api import ApiConnection
from remediator.core.durations import Duration

LABELS = 64
CLASSIC_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_FILTER_LIMIT = 4096  #: characters of filters in a URL


def _is_name(name: str) -> str:
    if not CLASSIC_NAME.fullmatch(name):
        raise ValueError("a label's name has letters, digits and _")
    return name


LabelName = Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(_is_name)]
Severity = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Connection(ApiConnection):
    """One entry under ``connections.alertmanager``."""

    never: tuple[Severity, ...] = Field(
        ("critical", "page"), max_length=16,
        description="Severities that are never silenced: not by alertmanager.silence, not while a rule with "
        "silence: while_working works. In any mixture of case.",
    )  # fmt: skip
    severity_label: LabelName = Field("severity", description="The label that holds an alert's severity.")
    longest_silence: Duration = Field(4 * 3600.0, gt=0, description="The longest silence that we make.")


def filters_of(labels: Mapping[str, str]) -> list[str]:
    """Return matchers that narrow an answer; the labels are compared afterwards, so they need not be all."""
    filters, room = [], _FILTER_LIMIT
    # The name first: it narrows most.
    for name in sorted(labels, key=lambda name: (name != "alertname", name)):
        value = labels[name].replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
        room -= len(name) + len(value)
        # Older servers read only classic names; a value that is not Unicode cannot stand in a URL.
        if room >= 0 and CLASSIC_NAME.fullmatch(name) and value.isprintable():
            filters.append(f'{name}="{value}"')
    return filters
