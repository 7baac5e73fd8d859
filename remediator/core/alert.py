"""Alerts and notifications as frozen values. The webhook's documents are in ``interfaces.alertmanager``."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Alert(Struct, frozen=True):
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


class Standing(Struct, frozen=True):
    """How an alert stands at Alertmanager just now. A silence of our own does not count."""

    state: str  #: ``firing``, ``silenced``, ``inhibited`` or ``resolved``
    by: str = ""  #: who silenced it; empty when nobody can tell
    comment: str = ""  #: what they wrote
    until: int | None = None  #: when the last of those silences ends
    silence: str = ""  #: its id
    alerts: int = 0  #: how many alerts of a run this is said of together; 0: of one


class Notification(Struct, frozen=True):
    """One webhook body, checked."""

    receiver: str
    group_key: str
    alerts: tuple[Alert, ...]
    truncated: int = 0  #: alerts that Alertmanager left out; with any, "resolved" is not believed
    body: bytes = b""  #: as it arrived; what is stored
