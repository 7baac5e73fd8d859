"""Which alerts of a test come when: each with its copies, and as often as it is resent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from remediator.rehearsal.documents import AlertText, TestText

MOST = 100_000  #: alerts that a test may post, those that are resent among them


def posts(test: TestText) -> dict[float, list[AlertText]]:
    """Return the alerts by time, with those that are resent."""
    made: dict[float, list[AlertText]] = {}
    alerts = [copy for alert in test.alerts for copy in _copies(alert)]
    for number, alert in enumerate(alerts):
        made.setdefault(alert.at, []).append(alert)
        if alert.every is None:
            continue
        later = [other.at for other in alerts[number + 1 :] if other.labels == alert.labels and other.at > alert.at]
        for time in range(1, _again(alert, later, test.until) + 1):
            at = round(alert.at + time * alert.every, 6)
            if at not in later:
                made.setdefault(at, []).append(alert)
    return made


def counts(test: TestText) -> tuple[int, ...]:
    """Return how many alerts each entry of the timeline posts at most, without making them."""
    made = []
    for number, alert in enumerate(test.alerts):
        later = [one.at for one in test.alerts[number + 1 :] if one.labels == alert.labels and one.at > alert.at]
        made.append(alert.copies * (1 + _again(alert, later, test.until)))
    return tuple(made)


def _again(alert: AlertText, later: list[float], until: float | None) -> int:
    """Return how often an alert is resent: until the same labels stand there again, or the test is over."""
    if alert.every is None:
        return 0
    end = min([*later, *([until] if until is not None else [])], default=alert.at)
    return max(0, int((end - alert.at) / alert.every + 1e-9))


def _copies(alert: AlertText) -> Iterator[AlertText]:
    """Yield an alert as often as it is wanted; several are told apart by a label."""
    if alert.copies == 1:
        yield alert
        return
    for number in range(alert.copies):
        labels = {**alert.labels, "copy": str(number + 1)}
        yield alert.model_copy(update={"labels": labels, "at": round(alert.at + number * alert.apart, 6)})
