"""Checks of guides by themselves: what nobody uses."""

from __future__ import annotations

from collections.abc import Iterator

from remediator.core.lint.names import guide_names
from remediator.core.lint.subject import Finding, Subject


def unused_guide(subject: Subject) -> Iterator[Finding]:
    """Find guides that no rule names."""
    for each in subject.guides:
        if each.guide.name not in subject.by_guide:
            yield Finding(each.file, each.path, f'no rule uses the guide "{each.guide.name}"', on_key=True)


def unused_parameter(subject: Subject) -> Iterator[Finding]:
    """Find parameters that change nothing, whatever a rule hands over."""
    for each in subject.guides:
        if not each.guide.text.parameters:
            continue
        names = guide_names(each.guide, subject.find)
        if ("params",) in names:
            continue
        asked = {chain[1] for chain in names if chain[0] == "params"}
        for name in each.guide.text.parameters:
            if name not in asked:
                message = f'nothing in the guide "{each.guide.name}" asks for its parameter "{name}"'
                hint = f"use it as {{{{ params.{name} }}}}, or take it out"
                yield Finding(each.file, (*each.path, "parameters", name), message, hint, on_key=True)
