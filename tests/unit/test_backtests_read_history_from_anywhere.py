"""The same trouble is the same history: from a file, a store, and Prometheus' ALERTS series."""

import json
import sqlite3

import pytest

from remediator.core.durations import SECOND
from remediator.errors import ConfigurationError
from remediator.rehearsal.backtest.alerts_series import WINDOW, AlertsSeries
from remediator.rehearsal.backtest.sources import from_file, from_store
from remediator.store.sqlite import migrate

FIRING = {"status": "firing", "labels": {"alertname": "Down"}, "startsAt": "2026-01-05T10:00:00Z"}
RESOLVED = {**FIRING, "status": "resolved", "endsAt": "2026-01-05T10:04:00Z"}
TEN = 1_767_607_200


def seen(history):
    return [(at // SECOND - TEN, [(alert.name, alert.firing) for alert in alerts]) for at, alerts in history]


def lines(tmp_path, *documents):
    path = tmp_path / "history.jsonl"
    path.write_text("".join(f"{document if isinstance(document, str) else json.dumps(document)}\n" for document in documents))
    return path


def test_a_file_says_when_or_its_alerts_do(tmp_path):
    path = lines(tmp_path, {"alerts": [FIRING]}, "", {"at": "2026-01-05T10:05:00Z", "alerts": [RESOLVED]})
    assert seen(from_file(path)) == [(0, [("Down", True)]), (300, [("Down", False)])]
    assert seen(from_file(path, (TEN + 1) * SECOND)) == [(300, [("Down", False)])]


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ({"at": "2026-01-05T09:00:00Z", "alerts": [FIRING]}, "order of time"),
        ("{", "Invalid JSON"),
        ({"at": 5, "alerts": [FIRING]}, "RFC 3339"),
        ({"at": "yesterday", "alerts": [FIRING]}, "yesterday"),
        ({"at": "1969-12-31T23:59:59Z", "alerts": [FIRING]}, "between 1970 and 9000"),
        ({"at": "9999-12-31T23:59:59-14:00", "alerts": [FIRING]}, "between 1970 and 9000"),
        ({"alerts": [{**FIRING, "startsAt": "1969-12-31T23:59:59Z"}]}, "between 1970 and 9000"),
        ({"alerts": [{**FIRING, "startsAt": "9999-12-31T23:59:59-14:00"}]}, "between 1970 and 9000"),
        ({"alerts": [{"status": "firing", "labels": {"a": "b"}}]}, "no time"),
        ({"alerts": [{"status": "on", "labels": {}}]}, "status"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, second, said):
    with pytest.raises(ConfigurationError) as caught:
        list(from_file(lines(tmp_path, {"alerts": [FIRING]}, second)))
    assert caught.value.problems[0].line == 2
    assert said in str(caught.value)


def test_a_file_that_is_not_there_is_said(tmp_path):
    for read in (from_file, from_store):
        with pytest.raises(ConfigurationError):
            list(read(tmp_path / "nothing"))


def test_a_store_has_them_as_they_came(tmp_path):
    db = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    migrate(db)
    for number, (at, body) in enumerate([(0, {"alerts": [FIRING]}), (5, {"alerts": "no"}), (300, {"alerts": [RESOLVED]})]):
        row = (f"{number:04}", (TEN + at) * SECOND, "r", "g", 1, 0, 1, json.dumps(body).encode())
        db.execute("INSERT INTO notification VALUES (?,?,?,?,?,?,?,?)", row)
    db.close()
    assert seen(from_store(tmp_path / "store.db")) == [(0, [("Down", True)]), (300, [("Down", False)])]


class Server:
    """Answers range queries about alerts that fire in these spans; refuses windows with too many steps."""

    def __init__(self, spans, most=10_000):
        self.spans, self.most, self.asked = spans, most, 0

    def ask(self, _path, *, query, start, end, step):
        assert query == 'ALERTS{alertstate="firing"}'
        self.asked += 1
        times = range(int(start), int(end) + 1, int(step))
        if len(times) > self.most:
            raise ValueError("too many samples")
        found = []
        for name, spans in self.spans.items():
            values = [[at, "1"] for at in times if any(first <= at < last for first, last in spans)]
            if values:
                found.append({"metric": {"__name__": "ALERTS", "alertstate": "firing", "alertname": name}, "values": values})
        return {"result": found}


@pytest.mark.parametrize("most", [10_000, 7, 1])
def test_a_series_begins_and_ends_over_windows(most):
    hour = WINDOW * 60
    spans = {"Down": [(120, 300), (hour - 60, hour + 120)], "Slow": [(0, 60)], "Long": [(600, 3 * hour)]}
    series = AlertsSeries(Server(spans, most), 60)
    events = [(at // SECOND, alert.name, alert.firing) for at, alerts in series.read(0, 3 * hour + 60) for alert in alerts]
    assert sorted(events) == sorted([
        (0, "Slow", True), (60, "Slow", False), (120, "Down", True), (300, "Down", False), (600, "Long", True),
        (hour - 60, "Down", True), (hour + 120, "Down", False), (3 * hour, "Long", False),
    ])  # fmt: skip
    assert [at for at, *_ in events] == sorted(at for at, *_ in events)
    assert series.already == 1


def test_an_answer_that_is_none_is_said():
    class Odd:
        def ask(self, _path, **_query):
            return {"result": [{"metric": {}, "values": 3}]}

    with pytest.raises(ConfigurationError):
        list(AlertsSeries(Odd(), 60).read(0, 60))
