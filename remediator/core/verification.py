"""Does it hold? One sample of each condition at a time; only samples later than the change count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from remediator.core.durations import SECOND, show_duration
from remediator.core.records import VerifyPlan


class Sample(Struct, frozen=True):
    """What one condition said just now."""

    condition: str
    holds: bool
    reason: str = ""
    early: bool = False  #: taken before the change can show; counts as not holding
    output: Mapping[str, Any] | None = None


def judge_samples(
    verify: VerifyPlan, samples: tuple[Sample, ...], earlier: Mapping[str, Any], changed_at: int, now: int
) -> dict[str, Any]:
    """Return what the journal keeps of a verification after one more poll.

    Keys: ``verdict`` (open, holds, failed), ``reason``, ``polls``, ``holding_since`` (microseconds or
    None), ``samples``. ``earlier`` is what this returned for the poll before, or empty.
    """
    counted = [sample.holds and not sample.early for sample in samples]
    holds = bool(counted) and (all(counted) if verify.every else any(counted))
    since = (earlier.get("holding_since") or now) if holds else None
    deadline = changed_at + int(verify.within * SECOND)
    verdict = "open"
    if since is not None and now - since >= int(verify.hold * SECOND):
        verdict = "holds"
    elif since is None and now >= deadline and not any(sample.early for sample in samples):
        # At least one sample has to count: a query over a long range may need longer than the time given.
        verdict = "failed"
    return {
        "verdict": verdict,
        "reason": _reason(verify, samples, verdict, since, now),
        "polls": int(earlier.get("polls", 0)) + 1,
        "holding_since": since,
        "samples": [
            {"condition": s.condition, "holds": s.holds and not s.early, "reason": s.reason, "output": s.output}
            for s in samples
        ],
    }


def _reason(verify: VerifyPlan, samples: tuple[Sample, ...], verdict: str, since: int | None, now: int) -> str:
    if since is not None:
        said = "; ".join(s.reason or f"{s.condition} holds" for s in samples if s.holds and not s.early)
        held = f" for {show_duration((now - since) / SECOND)}" if verify.hold else ""
        return f"holds{held}: {said}"
    missing = "; ".join(
        f"{s.condition}: {'too early to tell' if s.early else s.reason or 'does not hold'}"
        for s in samples
        if s.early or not s.holds
    )
    return f"not within {show_duration(verify.within)}: {missing}" if verdict == "failed" else f"not yet: {missing}"
