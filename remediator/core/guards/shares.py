"""A budget that is a part of what the run's own diagnosis has counted."""

from __future__ import annotations

from remediator.core.guards.verdicts import Lower
from remediator.core.limits import Throttle
from remediator.core.plan import scope_of
from remediator.core.run import RunState
from remediator.core.templates import compile_template
from remediator.core.transitions import Mode
from remediator.errors import RenderError


def share_of(run: RunState, cycle: int) -> tuple[tuple[str, Throttle], ...] | Lower:
    """Return the budget that follows from what the run's diagnosis has counted; what cannot be told is asked about."""
    share = run.plan.limits.share if run.plan.limits else None
    if share is None or run.plan.undoes:
        return ()
    try:
        count = compile_template(f"{{{{ {share.of} }}}}").render(scope_of(run.plan, run.journal, cycle))
    except RenderError as error:
        return Lower("budget", Mode.ASK, f"nobody could tell what {share.percent:g}% of {share.of} is: {error}")
    if isinstance(count, bool) or not isinstance(count, (int, float)) or not count >= 0:
        return Lower("budget", Mode.ASK, f"{share.of} became {str(count)[:80]!r}, which is no count")
    return ((f"share {run.plan.rule}", Throttle(share.allowed(count), share.per)),)
