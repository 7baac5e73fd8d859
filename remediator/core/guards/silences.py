"""A silence that a person made at Alertmanager: they want no work on this alert, or do it themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from remediator.core.durations import SECOND
from remediator.core.guards.verdicts import Hold

SILENCED = "silence:"  #: what the scope of such a hold begins with
_LATEST = 253_402_300_799 * SECOND  #: the end of the year 9999, after which no time can be written


def judge_silence(run: str, said: Mapping[str, Any]) -> Hold:
    """Return the hold that follows from what Alertmanager said; ``until`` when the silence ends, if that is known."""
    until = said.get("until")
    until = until if isinstance(until, int) and 0 < until <= _LATEST else None
    by, comment = str(said.get("by") or "somebody"), str(said.get("comment") or "")
    end = f" until {datetime.fromtimestamp(until // SECOND, UTC):%Y-%m-%d %H:%M:%S} UTC" if until is not None else ""
    reason = f"the alert is silenced by {by}{end}" + (f": {comment}" if comment else "")
    advice = f"it goes on when the silence ends; expire it at Alertmanager, or remediator runs cancel {run}"
    return Hold("silence", f"{SILENCED}{said.get('silence', '')}", reason, until, advice)
