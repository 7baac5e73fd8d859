"""History as notifications in the order of time: from a file of them, from a store, from Prometheus.

A source yields (when, alerts); ``when`` in microseconds since 1970. Nothing is kept: a million alerts are read
as they are replayed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson
from msgspec import Struct

from remediator.core.alert import Alert
from remediator.core.problems import Problem
from remediator.errors import ConfigurationError, NotificationError
from remediator.interfaces.alertmanager import COUNTED, read_instant, read_notification
from remediator.rehearsal.documents import FIRST, LAST, instant
from remediator.store.file import address

Arrival = tuple[int, tuple[Alert, ...]]
KNOWN = 50_000  #: alerts remembered as they were written, and times
LONGEST_TIME = 64  #: characters; a longer one is refused by the webhook, too
LONGEST_LINE = 64 * 1024 * 1024  #: bytes of one notification


def from_file(path: Path, since: int = 0) -> Iterator[Arrival]:
    """Yield the notifications of a file, a line each: Alertmanager's webhook bodies.

    A key ``at`` (RFC 3339) says when one came. Without it that is the latest time in it: startsAt of what
    fires, endsAt of what has resolved. Raises ConfigurationError with the line that is wrong.
    """
    last, reader = 0, _Reader()
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(iter(lambda: lines.readline(LONGEST_LINE), b""), 1):
                if not line.strip():
                    continue
                try:
                    at, alerts = reader.read(line)
                except (NotificationError, ValueError) as error:
                    raise _wrong(path, number, str(error)) from error
                if at < last:
                    raise _wrong(path, number, "it came before the line above it; lines stand in the order of time")
                last = at
                if at >= since:
                    yield at, alerts
    except OSError as error:
        raise ConfigurationError((Problem(f"cannot be read: {error.strerror or error}", str(path)),)) from error


class Older(Struct, frozen=True):
    """What a history holds that is older than what was asked for. Times are microseconds since 1970."""

    notifications: int = 0
    alerts: int = 0
    first: int = 0
    last: int = 0


def older(history: Iterable[Arrival]) -> Older:
    """Return how much there is. Raise ConfigurationError as the source does."""
    made = Older()
    for at, alerts in history:
        first = made.first if made.notifications else at
        made = Older(made.notifications + 1, made.alerts + len(alerts), first, at)
    return made


class _Reader:
    """Reads notifications.

    Most alerts of a history are resent as they were, or say other times only: what was checked is not checked again.
    """

    def __init__(self) -> None:
        self._known: dict[object, tuple[dict[str, object], Alert]] = {}  # by fingerprint: as written, as read
        self._times: dict[str, int | None] = {}

    def read(self, line: bytes) -> Arrival:
        """Return when a notification came, and its alerts. Raise NotificationError or ValueError."""
        document, alerts = self.document(line)
        said = document.get("at")
        if said is not None:
            if not isinstance(said, str):
                raise ValueError("at: a time as RFC 3339 writes it, such as 2026-01-05T10:00:00Z")
            try:
                return instant(said), alerts
            except ValueError as error:
                raise ValueError(f"at: {error}") from None
        times = [alert.starts_at if alert.firing else (alert.ends_at or 0) for alert in alerts]
        if not any(times):
            raise ValueError("no time stands in it: give it a key at, or its alerts startsAt")
        if not FIRST <= max(times) < LAST:
            raise ValueError("the latest time in it does not lie between 1970 and 9000 in UTC: give it a key at")
        return max(times), alerts

    def document(self, body: bytes) -> tuple[dict[str, Any], tuple[Alert, ...]]:
        """Return a body as it is written, and its alerts. Raise NotificationError or ValueError."""
        try:
            document: Any = orjson.loads(body) if len(body) < COUNTED else None
        except orjson.JSONDecodeError as error:
            raise ValueError(f"Invalid JSON: {error}") from error
        found = document.get("alerts") if isinstance(document, dict) else None
        if not isinstance(found, list):
            alerts = read_notification(body).alerts
            return orjson.loads(body), alerts
        try:
            return document, tuple(self._alerts(found))
        except NotificationError:
            read_notification(body)  # says which one is wrong
            raise

    def _alerts(self, found: list[Any]) -> list[Alert]:
        """Return the alerts. Most are resent as they were, and compared by one look."""
        known, alerts = self._known, []
        for written in found:
            name = written.get("fingerprint") if isinstance(written, dict) else None
            before = known.get(name) if name and isinstance(name, str) else None
            if before is not None and before[0] == written:
                alerts.append(before[1])
            else:
                alerts.append(self._alert(written, before))
        return alerts

    def _alert(self, written: Any, before: tuple[dict[str, object], Alert] | None) -> Alert:
        if before is not None and (again := self._at_another_time(written, *before)) is not None:
            return again
        (alert,) = read_notification(orjson.dumps({"alerts": [written]})).alerts
        if isinstance(written, dict) and written.get("fingerprint") and alert.firing:
            self._keep(written, alert)
        return alert

    def _keep(self, written: dict[str, object], alert: Alert) -> None:
        if len(self._known) >= KNOWN:
            self._known.clear()
        self._known[alert.fingerprint] = (written, alert)

    def _at_another_time(self, written: dict[str, object], before: dict[str, object], alert: Alert) -> Alert | None:
        """Return an alert of which only status and times have changed; None: it has to be checked."""
        if written.get("labels") != before["labels"] or written.get("annotations") != before.get("annotations"):
            return None
        if written.get("generatorURL") != before.get("generatorURL"):
            return None
        status, starts, ends = written.get("status"), written.get("startsAt", ""), written.get("endsAt", "")
        if status not in ("firing", "resolved") or not isinstance(starts, str) or not isinstance(ends, str):
            return None
        firing = status == "firing"
        made = Alert(alert.fingerprint, firing, alert.labels, alert.annotations, self._time(starts) or 0,
                     self._time(ends), alert.generator_url)  # fmt: skip
        if firing:
            self._keep(written, made)
        return made

    def _time(self, written: str) -> int | None:
        if written in self._times:
            return self._times[written]
        if len(written) > LONGEST_TIME:
            raise NotificationError("", "a time is too long")
        if len(self._times) >= KNOWN:
            self._times.clear()
        at = self._times[written] = read_instant(written, "startsAt or endsAt")
        return at


def _wrong(path: Path, number: int, reason: str) -> ConfigurationError:
    return ConfigurationError((Problem(reason[:300], str(path), number),))


def from_store(path: Path, since: int = 0) -> Iterator[Arrival]:
    """Yield the notifications that a store holds, as they came. It may be in use. Raise ConfigurationError."""
    if not path.is_file():
        raise ConfigurationError((Problem("there is no store here", str(path)),))
    reader = _Reader()
    try:
        db = sqlite3.connect(address(path, "ro"), uri=True, isolation_level=None)
        try:
            for at, body in db.execute("SELECT at, body FROM notification WHERE at >= ? ORDER BY id", (since,)):
                try:
                    alerts = reader.document(body)[1]
                except (NotificationError, ValueError):
                    continue  # it was stored by another release; it was not admitted, either
                yield at, alerts
        finally:
            db.close()
    except sqlite3.Error as error:
        raise ConfigurationError((Problem(f"cannot be read: {error}", str(path)),)) from error
