"""A query as it could look, with stand-ins for what only an alert knows."""

from __future__ import annotations

from typing import Any

from remediator.core.action import Lands
from remediator.core.guide import ParameterText
from remediator.core.rules import Guide
from remediator.core.templates import Template, compile_template, is_templated

_BY_TYPE: dict[str, Any] = {"string": "x", "integer": 1, "number": 1.0, "boolean": True, "duration": "5m"}


def sample_query(query: str, guide: Guide) -> tuple[str, bool]:
    """Return PromQL that can be parsed, and whether it is exactly what would be asked.

    Raises RenderError for what depends on other steps: that cannot be made up.
    """
    if not is_templated(query):
        return query, True
    template = compile_template(query, Lands.PROMQL)
    scope = {
        "labels": _asked(template, "labels"),
        "annotations": _asked(template, "annotations"),
        "params": {name: _sample(declared) for name, declared in guide.text.parameters.items()},
        "alert": {"name": "x", "fingerprint": "x", "starts_at": 0},
        "rule": "x",
        "guide": guide.name,
        "steps": {},
    }
    return str(template.render(scope)), False


def _asked(template: Template, root: str) -> dict[str, str]:
    return {chain[1]: "1" for chain in template.names if chain[0] == root and len(chain) > 1}


def _sample(declared: ParameterText) -> Any:
    if declared.one_of:
        return declared.one_of[0]
    if declared.default is not None and not (isinstance(declared.default, str) and is_templated(declared.default)):
        return declared.default
    return _BY_TYPE[declared.type] if declared.min is None else declared.min
