"""What Prometheus scrapes. Label sets are bounded: rules, actions, statuses, guards; never targets or alerts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric

from remediator import __version__
from remediator.core.run import RunState
from remediator.engine.perform import Result

Read = Callable[[], dict[str, float]]


class Metrics:
    """All of the daemon's metrics, in a registry of their own."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.requests = Counter(
            "remediator_notifications_total", "Notifications by answer.", ["code"], registry=registry
        )
        self.alerts = Counter("remediator_alerts_total", "Alerts received.", registry=registry)
        self.truncated = Counter(
            "remediator_alerts_truncated_total", "Alerts that Alertmanager left out (max_alerts).", registry=registry
        )
        self.decisions = Counter("remediator_decisions_total", "Decisions.", ["verdict", "rule"], registry=registry)
        self.runs = Counter("remediator_runs_total", "Runs that are over.", ["rule", "status"], registry=registry)
        self.run_seconds = Histogram(
            "remediator_run_duration_seconds", "From creation to end.", ["rule"], registry=registry,
            buckets=(0.01, 0.1, 1, 10, 60, 300, 900, 3600),
        )  # fmt: skip
        self.steps = Counter("remediator_steps_total", "Steps performed.", ["action", "outcome"], registry=registry)
        self.step_seconds = Histogram(
            "remediator_step_duration_seconds", "One step, retries included.", ["action"], registry=registry,
            buckets=(0.005, 0.05, 0.5, 5, 30, 300),
        )  # fmt: skip
        self.holds = Counter("remediator_holds_total", "Runs held by a guard.", ["guard", "rule"], registry=registry)
        self.refusals = Counter(
            "remediator_refusals_total", "Refused by a guard.", ["guard", "rule"], registry=registry
        )
        self.reload_ok = Gauge(
            "remediator_config_last_reload_successful", "Whether the last reload succeeded.", registry=registry
        )
        self.reload_at = Gauge(
            "remediator_config_last_reload_success_timestamp_seconds", "When it last succeeded.", registry=registry
        )
        Gauge("remediator_build_info", "The version.", ["version"], registry=registry).labels(__version__).set(1)
        # Children are looked up once: labels() costs as much as a small query.
        self._step = lru_cache(2048)(lambda action, outcome: self.steps.labels(action, outcome))
        self._seconds = lru_cache(2048)(lambda action: self.step_seconds.labels(action))
        self._run = lru_cache(8192)(lambda rule, status: self.runs.labels(rule, status))
        self._run_seconds = lru_cache(8192)(lambda rule: self.run_seconds.labels(rule))
        self._decision = lru_cache(8192)(lambda verdict, rule: self.decisions.labels(verdict, rule))
        self._request = lru_cache(16)(lambda code: self.requests.labels(code))

    def received(self, code: int, alerts: int, truncated: int) -> None:
        """A notification was answered so."""
        self._request(str(code)).inc()
        self.alerts.inc(alerts)
        if truncated:
            self.truncated.inc(truncated)

    def decided(self, verdict: str, rule: str, count: int) -> None:
        """So many (episode, rule) were decided so."""
        self._decision(verdict, rule).inc(count)

    def step(self, result: Result, seconds: float) -> None:
        """A step was performed."""
        action = result.task.job.step.action or str(result.task.job.phase)
        self._step(action, str(result.outcome)).inc()
        self._seconds(action).observe(seconds)

    def finished(self, run: RunState, status: str, seconds: float) -> None:
        """A run is over."""
        self._run(run.plan.rule, str(status)).inc()
        self._run_seconds(run.plan.rule).observe(seconds)

    def held(self, guard: str, rule: str) -> None:
        """A guard holds a run."""
        self.holds.labels(guard, rule).inc()

    def refused(self, guard: str, rule: str) -> None:
        """A guard refused a run, or before there was one."""
        self.refusals.labels(guard, rule).inc()

    def reloaded(self, *, ok: bool, at: float) -> None:
        """Rules were read again."""
        self.reload_ok.set(1 if ok else 0)
        if ok:
            self.reload_at.set(at)

    def watch(self, name: str, help_text: str, label: str, read: Read) -> None:
        """Ask for these values at each scrape."""
        self.registry.register(_Asked(name, help_text, label, read))


class _Asked:
    """A gauge whose values are asked for when it is scraped."""

    def __init__(self, name: str, help_text: str, label: str, read: Read) -> None:
        self._name, self._help, self._label, self._read = name, help_text, label, read

    def describe(self) -> Iterable[Metric]:
        """Name the family without asking."""
        return [GaugeMetricFamily(self._name, self._help, labels=[self._label] if self._label else None)]

    def collect(self) -> Iterable[Metric]:
        """Return the family with its values now."""
        family: Any = GaugeMetricFamily(self._name, self._help, labels=[self._label] if self._label else None)
        for key, value in self._read().items():
            family.add_metric([key] if self._label else [], value)
        return [family]
