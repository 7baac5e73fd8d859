"""Alertmanager's webhook, version 4, and Grafana's superset, as documents.

Source: Alertmanager's documentation, "webhook_config", and the bodies that it really sends. Unknown
and absent fields are accepted; what is there must be of its type. A group's own status is never
used: with ``truncatedAlerts`` it may hide firing alerts. Each alert's own status counts.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from remediator.core.alert import Alert, Notification
from remediator.core.fingerprints import fingerprint_of
from remediator.errors import NotificationError

MOST_LABELS = 128
MOST_ALERTS = 50_000
ANNOTATION_KEPT = 16 * 1024  #: characters of one annotation; the rest is cut, an alert is never refused for it
#: Bodies of this many bytes are counted before they are parsed: three bytes can cost a hundred in memory.
COUNTED = 256 * 1024
MOST_VALUES = 750_000  #: commas
MOST_CONTAINERS = 250_000  #: opening brackets and braces

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

LabelName = Annotated[str, Field(min_length=1, max_length=1024)]
LabelValue = Annotated[str, Field(max_length=16 * 1024)]


class AlertText(BaseModel):
    """One element of ``alerts``."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    status: Literal["firing", "resolved"]
    labels: dict[LabelName, LabelValue] = Field(max_length=MOST_LABELS)
    annotations: dict[LabelName, str] = Field({}, max_length=MOST_LABELS)
    starts_at: str = Field("", alias="startsAt", max_length=64)
    ends_at: str = Field("", alias="endsAt", max_length=64)
    generator_url: str = Field("", alias="generatorURL")
    fingerprint: str = Field("", max_length=128)


class NotificationText(BaseModel):
    """A webhook's body."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    receiver: str = Field("", max_length=1024)
    group_key: str = Field("", alias="groupKey", max_length=64 * 1024)
    truncated: int = Field(0, alias="truncatedAlerts", ge=0, le=1 << 40)
    #: Each is read by itself as an ``AlertText``, up to the first that is wrong: what is wrong with all of
    #: them could take a hundred times the body's own size to say.
    alerts: list[Any] = Field(max_length=MOST_ALERTS)


def read_notification(body: bytes) -> Notification:
    """Return the notification of a body. Raise NotificationError, naming the field, if it can never become right."""
    try:
        text = NotificationText.model_validate(_document(body))
    except ValidationError as error:
        raise _wrong(error) from error
    alerts = tuple(_alert(position, alert) for position, alert in enumerate(text.alerts))
    return Notification(text.receiver, text.group_key, alerts, text.truncated, body)


def _document(body: bytes) -> Any:
    if len(body) >= COUNTED and (
        body.count(b",") > MOST_VALUES or body.count(b"[") + body.count(b"{") > MOST_CONTAINERS
    ):
        most = f"{MOST_VALUES} commas or {MOST_CONTAINERS} brackets"
        raise NotificationError("", f"the body has more than {most}: it is not one of Alertmanager's")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotificationError("", f"Invalid JSON: {error}"[:300]) from error


def _wrong(error: ValidationError, *within: str) -> NotificationError:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join((*within, *(str(part) for part in first["loc"])))
    said = "an object is needed here" if first["type"] == "model_type" else first["msg"][:300]
    return NotificationError(place[:200], said if place else f'{said}, such as {{"alerts": [...]}}')


def _alert(position: int, found: Any) -> Alert:
    for name in ("labels", "annotations") if isinstance(found, dict) else ():
        if isinstance(inner := found.get(name), dict) and len(inner) > MOST_LABELS:
            raise NotificationError(f"alerts.{position}.{name}", f"there are {len(inner)}; {MOST_LABELS} are the most")
    try:
        text = AlertText.model_validate(found)
    except ValidationError as error:
        raise _wrong(error, "alerts", str(position)) from error
    starts_at = read_instant(text.starts_at, f"alerts.{position}.startsAt")
    ends_at = read_instant(text.ends_at, f"alerts.{position}.endsAt")
    annotations = text.annotations
    if any(len(value) > ANNOTATION_KEPT for value in annotations.values()):
        annotations = {name: value[:ANNOTATION_KEPT] for name, value in annotations.items()}
    return Alert(
        fingerprint=text.fingerprint or fingerprint_of(text.labels), firing=text.status == "firing", labels=text.labels,
        annotations=annotations, starts_at=starts_at or 0, ends_at=ends_at, generator_url=text.generator_url[:2048],
    )  # fmt: skip


def read_instant(text: str, field: str) -> int | None:
    """Return microseconds since 1970; None for an absent time and for Go's zero time. Raise NotificationError."""
    if not text or text.startswith("0001-01-01"):
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("no time zone")
        return (moment - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError) as error:
        raise NotificationError(field, f"{text[:64]!r} is not a time as RFC 3339 writes it") from error
