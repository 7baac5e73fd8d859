"""Play one test: its timeline in a world of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from msgspec import Struct

from remediator.actions.context import Context
from remediator.core.alert import Alert, Standing
from remediator.core.durations import SECOND, duration_text
from remediator.core.reporting import Telling
from remediator.errors import ConflictError, NotificationError, RemediatorError
from remediator.interfaces.alertmanager import read_notification
from remediator.rehearsal.answers import Answers, Unanswered
from remediator.rehearsal.documents import MOST_RESENT, AlertText, TestText, instant
from remediator.rehearsal.history import Story
from remediator.rehearsal.read import TestFile
from remediator.rehearsal.timeline import ApprovalText, PauseText, ReloadText, UndoText
from remediator.rehearsal.world import World
from remediator.settings import Settings
from remediator.store import control
from remediator.store.sqlite import Tx

LONGEST = 24 * 3600.0  #: seconds after the last event in which runs must be over

Labels = frozenset[tuple[str, str]]


class Played(Struct, frozen=True):
    """What a test led to."""

    start: int  #: microseconds since 1970
    stories: tuple[Story, ...]
    escalated: frozenset[str]  #: runs about which people were called
    unanswered: tuple[Unanswered, ...] = ()
    problems: tuple[tuple[tuple[str | int, ...], str], ...] = ()  #: place within the test, and what is wrong there


def play(file: TestFile, test: TestText) -> Played:
    """Play a test to its end."""
    settings = (test.settings or file.text.settings).settings()
    answers = Answers((test.answers, file.text.answers))
    alertmanager = Alertmanager()
    start = instant(test.start)
    with World(
        file.table, settings, stand_in=answers.stand_in, start=start, ask=alertmanager, connections=file.connections
    ) as world:  # fmt: skip
        stage = _Stage(world, alertmanager, test, file, settings)
        last = 0.0
        for at, do in sorted(stage.events(), key=lambda event: event[0]):
            last = at[0]
            world.run_until(start + round(last * SECOND))
            do()
        if test.until is not None:
            world.run_until(start + round(test.until * SECOND))
        else:
            world.run_until_quiet(start + round((last + LONGEST) * SECOND))
        called = frozenset(told.run.id for told in world.reporter.told if told.telling is Telling.ESCALATION)
        problems = [*stage.problems, *((("answers",), message) for message in dict.fromkeys(answers.problems))]
        return Played(start, world.runs(), called, tuple(answers.unanswered.values()), tuple(problems))


class Alertmanager:
    """Says how an alert stands, when a run asks."""

    def __init__(self) -> None:
        self.states: dict[Labels, str] = {}

    async def state_of(self, labels: dict[str, str], context: Context) -> Standing:  # noqa: ARG002 -- see engine.confirm.Confirm
        """Return the state."""
        return Standing(self.states.get(frozenset(labels.items()), "firing"))

    async def silence(self, labels: dict[str, str], ends_at: int, why: str, context: Context) -> dict[str, Any]:  # noqa: ARG002 -- see engine.confirm.Confirm
        """Nothing is silenced in a rehearsal."""
        return {"not_silenced": "nothing is silenced in a rehearsal"}

    async def loud_again(self, labels: dict[str, str], ends: tuple[int, ...], context: Context) -> int:  # noqa: ARG002 -- see engine.confirm.Confirm
        """Nothing was silenced."""
        return 0


class _Stage:
    """The timeline of a test, as things to do at an instant. What comes first at the same instant stands first."""

    def __init__(
        self, world: World, alertmanager: Alertmanager, test: TestText, file: TestFile, settings: Settings
    ) -> None:
        self._world, self._alertmanager, self._test = world, alertmanager, test
        self._file, self._table, self._settings = file, file.table, settings
        self._began: dict[Labels, float] = {}
        self.problems: list[tuple[tuple[str | int, ...], str]] = []

    def events(self) -> Iterator[tuple[tuple[float, int], Callable[[], None]]]:
        """Yield ((seconds, order), what to do): reloads and pauses, then alerts, then approvals and undos."""
        for reload in self._test.reloads:
            yield (reload.at, 0), lambda reload=reload: self._reload(reload)  # type: ignore[misc]
        for number, pause in enumerate(self._test.pauses):
            yield (pause.at, 0), lambda number=number, pause=pause: self._pause(number, pause)  # type: ignore[misc]
        for at, alerts in self._posts().items():
            yield (at, 1), lambda at=at, alerts=alerts: self._post(at, alerts)  # type: ignore[misc]
        for number, approval in enumerate(self._test.approvals):
            yield (approval.at, 2), lambda number=number, said=approval: self._approve(number, said)  # type: ignore[misc]
        for number, undo in enumerate(self._test.undos):
            yield (undo.at, 3), lambda number=number, undo=undo: self._undo(number, undo)  # type: ignore[misc]

    def _posts(self) -> dict[float, list[AlertText]]:
        """Return the alerts by time, with those that are resent."""
        posts: dict[float, list[AlertText]] = {}
        alerts = [copy for alert in self._test.alerts for copy in _copies(alert)]
        for number, alert in enumerate(alerts):
            posts.setdefault(alert.at, []).append(alert)
            if alert.every is None:
                continue
            later = [other.at for other in alerts[number + 1 :] if other.labels == alert.labels and other.at > alert.at]
            end = min([*later, *([self._test.until] if self._test.until is not None else [])])
            count = min(int((end - alert.at) / alert.every + 1e-9), MOST_RESENT)
            for time in range(1, count + 1):
                at = round(alert.at + time * alert.every, 6)
                if at not in later:
                    posts.setdefault(at, []).append(alert)
        return posts

    def _post(self, at: float, alerts: list[AlertText]) -> None:
        posted = []
        for alert in alerts:
            labels = frozenset(alert.labels.items())
            self._alertmanager.states[labels] = alert.state
            if alert.age is not None and at == alert.at:
                self._began[labels] = at - alert.age
            began = self._began.setdefault(labels, at)
            if alert.state == "resolved":
                del self._began[labels]
            if alert.state in ("firing", "resolved"):
                posted.append(self._document(alert, began, at))
        if posted:
            try:
                self._world.post(_alerts(posted))
            except (NotificationError, RemediatorError) as error:
                self.problems.append((("alerts",), f"at {duration_text(at)} the alerts are not taken: {error}"))

    def _document(self, alert: AlertText, began: float, at: float) -> dict[str, object]:
        ends = _instant(self._world.start, at) if alert.state == "resolved" else ""
        return {
            "status": alert.state, "labels": alert.labels, "annotations": alert.annotations,
            "startsAt": _instant(self._world.start, began), "endsAt": ends,
        }  # fmt: skip

    def _approve(self, number: int, said: ApprovalText) -> None:
        waiting = self._world.read(lambda tx: tx.all(
            "SELECT id, rule, target FROM run WHERE status = 'awaiting_approval' AND cancelled_by = ''"
        ))  # fmt: skip
        runs = [run for run, rule, target in waiting if said.rule in (None, rule) and said.target in (None, target)]
        if not runs:
            self.problems.append((("approvals", number), f"no run waits for an approval at {duration_text(said.at)}"))
        for run in runs:
            self._world.change(lambda tx, run=run: self._say(tx, run, said))  # type: ignore[misc]

    def _say(self, tx: Tx, run: str, said: ApprovalText) -> list[str]:
        now = self._world.clock.now()
        if said.do == "approve":
            return control.approve(tx, run, said.by, said.reason, "", now)
        return control.refuse(tx, run, said.by, said.reason, now)

    def _pause(self, number: int, pause: PauseText) -> None:
        now = self._world.clock.now()
        until = now + round(pause.for_ * SECOND) if pause.for_ is not None else None
        try:
            self._world.change(
                lambda tx: control.pause(tx, pause.scope, pause.by, pause.reason, until, now, kind=pause.kind)
            )
        except RemediatorError as error:
            self.problems.append((("pauses", number), f"at {duration_text(pause.at)}: {error}"))

    def _reload(self, reload: ReloadText) -> None:
        self._table = reload.of(self._file.reloaded[reload.rule_files] if reload.rule_files else self._table)
        if reload.max_mode is not None:
            self._settings = self._settings.model_copy(update={"max_mode": reload.max_mode})
        self._world.use(self._table, self._settings)

    def _undo(self, number: int, undo: UndoText) -> None:
        over = self._world.read(lambda tx: tx.all(
            "SELECT id, rule, target FROM run WHERE finished_at IS NOT NULL AND undoes = ''"
            " ORDER BY created_at DESC, id DESC"
        ))  # fmt: skip
        runs = [run for run, rule, target in over if undo.rule in (None, rule) and undo.target in (None, target)]
        try:
            if not runs:
                raise ConflictError("no such run is over")
            self._world.take_back(runs[0], undo.by, undo.reason, undo.part)
        except RemediatorError as error:
            self.problems.append((("undos", number), f"at {duration_text(undo.at)} nothing can be taken back: {error}"))


def _copies(alert: AlertText) -> Iterator[AlertText]:
    """Yield an alert as often as it is wanted; several are told apart by a label."""
    if alert.copies == 1:
        yield alert
        return
    for number in range(alert.copies):
        labels = {**alert.labels, "copy": str(number + 1)}
        yield alert.model_copy(update={"labels": labels, "at": round(alert.at + number * alert.apart, 6)})


def _instant(start: int, at: float) -> str:
    """Return the instant so many seconds after the start, as RFC 3339 writes it."""
    moment = datetime.fromtimestamp(start / SECOND, UTC) + timedelta(seconds=at)
    return moment.isoformat()


def _alerts(documents: list[dict[str, object]]) -> tuple[Alert, ...]:
    """Return the alerts as the webhook reads them."""
    return read_notification(orjson.dumps({"version": "4", "alerts": documents})).alerts
