"""History from Prometheus' own record of what fired: the series ``ALERTS{alertstate="firing"}``.

Facts: Prometheus' documentation, "Alerting rules" (a synthetic series with value 1 while an alert is pending or
firing) and "HTTP API" (range queries). What is asked in steps is seen in steps: an alert begins with the first
step at which it fires and has resolved at the first step without it. A Prometheus that was away looks the same.
Its series have labels only: annotations, and what Alertmanager silenced, are not known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from remediator.core.alert import Alert
from remediator.core.durations import SECOND
from remediator.core.problems import Problem
from remediator.errors import ConfigurationError
from remediator.interfaces.rule_files.live import Prometheus
from remediator.rehearsal.backtest.sources import Arrival

QUERY = 'ALERTS{alertstate="firing"}'
WINDOW = 60  #: steps asked for at once
_OURS = ("__name__", "alertstate")

Progress = Callable[[int, int], None]
"""Is told how many steps of how many have been read."""


class AlertsSeries:
    """Reads a time from one Prometheus, window by window."""

    def __init__(self, server: Prometheus, step: int, progress: Progress = lambda _done, _all: None) -> None:
        self._server, self._step, self._progress = server, step, progress
        self._active: dict[str, tuple[Alert, int]] = {}  #: what fires, and when that was seen last
        self.already = 0  #: alerts that fired at the first step: when they began is not known

    def read(self, since: int, until: int) -> Iterator[Arrival]:
        """Yield what began and what resolved, step by step. Seconds since 1970. Raise ConfigurationError."""
        at, window, total = since, WINDOW, max((until - since) // self._step + 1, 1)
        while at <= until:
            end = min(at + (window - 1) * self._step, until)
            try:
                series = self._ask(at, end)
            except ValueError as error:
                if window == 1:
                    raise ConfigurationError((Problem(f"--prometheus: {error}"),)) from error
                window = max(window // 4, 1)  # too many samples for one query
                continue
            yield from self._window(series, at, end, first=at == since)
            at = end + self._step
            self._progress(min((at - since) // self._step, total), total)

    def _ask(self, start: int, end: int) -> list[tuple[Mapping[str, str], list[int]]]:
        found = self._server.ask(
            "/api/v1/query_range", query=QUERY, start=str(start), end=str(end), step=str(self._step)
        )
        try:
            return [
                ({str(k): str(v) for k, v in one["metric"].items()}, [round(float(at)) for at, _ in one["values"]])
                for one in found["result"]
            ]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ConfigurationError((Problem("--prometheus: the answer is none of a range query"),)) from error

    def _window(
        self, series: list[tuple[Mapping[str, str], list[int]]], start: int, end: int, *, first: bool
    ) -> Iterator[Arrival]:
        events: dict[int, list[Alert]] = {}
        last = start + (end - start) // self._step * self._step
        seen: set[str] = set()
        for metric, times in series:
            labels = {name: value for name, value in metric.items() if name not in _OURS}
            fingerprint = _fingerprint(labels)
            seen.add(fingerprint)
            self._one(fingerprint, labels, times, last, events)
            self.already += first and bool(times) and times[0] == start
        for fingerprint in [name for name in self._active if name not in seen]:
            self._resolved(fingerprint, events)
        for at in sorted(events):
            yield at * SECOND, tuple(events[at])

    def _one(
        self, fingerprint: str, labels: Mapping[str, str], times: list[int], last: int, events: dict[int, list[Alert]]
    ) -> None:
        for at in times:
            active = self._active.get(fingerprint)
            if active is not None and at - active[1] > self._step:
                self._resolved(fingerprint, events)
                active = None
            if active is None:
                alert = Alert(fingerprint, True, labels, {}, at * SECOND, None)
                events.setdefault(at, []).append(alert)
                self._active[fingerprint] = (alert, at)
            else:
                self._active[fingerprint] = (active[0], at)
        if fingerprint in self._active and self._active[fingerprint][1] < last:
            self._resolved(fingerprint, events)

    def _resolved(self, fingerprint: str, events: dict[int, list[Alert]]) -> None:
        alert, at = self._active.pop(fingerprint)
        ends = at + self._step
        over = Alert(fingerprint, False, alert.labels, {}, alert.starts_at, ends * SECOND)
        events.setdefault(ends, []).append(over)


def _fingerprint(labels: Mapping[str, Any]) -> str:
    return hashlib.blake2b(repr(sorted(labels.items())).encode(), digest_size=8).hexdigest()
