"""Alerts and episodes as frozen values. The webhook's documents are in ``interfaces.alertmanager``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Alert:
    """One element of a notification. Times are microseconds since 1970."""

    fingerprint: str  #: Alertmanager's, of the label set
    firing: bool
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: int
    ends_at: int | None  #: None while firing
    generator_url: str = ""

    @property
    def name(self) -> str:
        """The label ``alertname``, or an empty string."""
        return self.labels.get("alertname", "")


@dataclass(frozen=True, slots=True)
class Notification:
    """One webhook body, checked."""

    receiver: str
    group_key: str
    alerts: tuple[Alert, ...]
    truncated: int = 0  #: alerts that Alertmanager left out; with any, "resolved" is not believed
    body: bytes = b""  #: as it arrived; what is stored


@dataclass(frozen=True, slots=True)
class Episode:
    """One trouble of one fingerprint, from firing to resolved."""

    id: str
    fingerprint: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: int
    opened_at: int
    resolved_at: int | None = None  #: when "resolved" was heard; the grace counts from here
    closed_at: int | None = None
    previous: str | None = None  #: the same fingerprint's episode before this one
