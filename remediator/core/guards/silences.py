"""A silence that a person made at Alertmanager: they want no work on this alert, or do it themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from remediator.core.alert import Standing
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
    count = said.get("alerts")
    what = f"the alert, one of {count} that are all silenced," if isinstance(count, int) and count > 1 else "the alert"
    reason = f"{what} is silenced by {by}{end}" + (f": {comment}" if comment else "")
    advice = f"it goes on when the silence ends; expire it at Alertmanager, or remediator runs cancel {run}"
    return Hold("silence", f"{SILENCED}{said.get('silence', '')}", reason, until, advice)


def stand_together(standings: Sequence[Standing]) -> Standing:
    """Return how the alerts of one run stand, its own first: it is theirs as long as one of them is loud.

    Silenced before they came, the silenced ones would have made no run, and the loud one would: it is the same when
    they are silenced afterwards. So a silence holds a run when no alert of it fires; until the first silence ends.
    """
    silenced = [each for each in standings if each.state == "silenced"]
    if any(each.state == "firing" for each in standings):
        return next(each for each in standings if each.state == "firing")
    if not silenced:
        return next((each for each in standings if each.state == "inhibited"), standings[0])
    ends = [each.until for each in silenced if each.until is not None]
    return replace(silenced[0], until=min(ends, default=None), alerts=len(silenced) if len(silenced) > 1 else 0)
