"""Templates and conditions: what a rule file may leave open until there is an alert.

Belongs here: compiling and rendering them, the argument trees that they stand in, and the check of
the names that they ask for. Must not be here: the language of expressions (``core.expressions``),
how a value is written where it lands (``core.escaping``).

``"{{ labels.service }}"`` is a template; ``steps.pool.used_share > 0.85`` is a condition.
"""

from __future__ import annotations

from remediator.core.expressions.unknown import UNKNOWN, StepScope, Unknown
from remediator.core.templates.condition import Condition, Holds, compile_condition
from remediator.core.templates.landing import Leaf, lands_of, leaf_at, names_in_tree, render_tree
from remediator.core.templates.names import Known, check_names
from remediator.core.templates.template import Template, compile_template, is_templated, literals_of

__all__ = [
    "UNKNOWN", "Condition", "Holds", "Known", "Leaf", "StepScope", "Template", "Unknown", "check_names",
    "compile_condition", "compile_template", "is_templated", "lands_of", "leaf_at", "literals_of", "names_in_tree",
    "render_tree",
]  # fmt: skip
