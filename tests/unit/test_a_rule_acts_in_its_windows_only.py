from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from fakes.small_site import RULES, SmallSite, alert
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from remediator.core.intervals import TimeInterval, contains, next_change
from remediator.errors import ConfigurationError

OFFICE = """
time_intervals:
  - name: office
    time_intervals:
      - weekdays: ['monday:friday']
        times: [{start_time: '09:00', end_time: '17:00'}]
        location: Europe/Berlin
"""
TEXT = RULES.replace("    limits: {cooldown: 5m}\n", "    limits: {cooldown: 5m}\n    KEY: [office]\n") + OFFICE


def at(text, zone="UTC"):
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def held(tmp_path, key, when):
    site = SmallSite.of(tmp_path, TEXT.replace("KEY", key))
    site.now = at(when, "Europe/Berlin") * 1_000_000
    (work,) = site.admit(alert("a", name="Slow", starts_at=site.now)).works
    return site, work


def test_outside_of_its_active_times_it_waits_until_they_begin(tmp_path):
    _, work = held(tmp_path, "active_time_intervals", "2026-11-20T18:00")  # a Friday
    assert work.held.guard == "window"
    assert work.held.until == at("2026-11-23T09:00", "Europe/Berlin") * 1_000_000
    _, work = held(tmp_path, "active_time_intervals", "2026-11-20T16:59")
    assert work.tasks


def test_within_its_mute_times_it_waits_until_they_end(tmp_path):
    _, work = held(tmp_path, "mute_time_intervals", "2026-11-20T16:30")
    assert work.held.until == at("2026-11-20T17:00", "Europe/Berlin") * 1_000_000
    assert held(tmp_path, "mute_time_intervals", "2026-11-20T17:00")[1].tasks


def test_a_name_that_nobody_defined_is_told_at_load(tmp_path):
    with pytest.raises(ConfigurationError, match='there is no time interval "offic"'):
        SmallSite.of(tmp_path, TEXT.replace("KEY", "mute_time_intervals").replace("[office]", "[offic]"))


@pytest.mark.parametrize(
    ("interval", "inside", "outside"),
    [
        ({"days_of_month": ["-1"]}, "2024-02-29T12:00", "2023-02-27T12:00"),
        ({"days_of_month": ["-3:-1"]}, "2026-04-28T00:00", "2026-04-27T23:59"),
        ({"days_of_month": ["29:31"]}, "2024-02-29T00:00", "2023-02-28T00:00"),
        ({"days_of_month": ["1:-1"]}, "2026-02-28T00:00", None),
        ({"months": ["december:december", "1"]}, "2026-12-31T23:59", "2026-02-01T00:00"),
        ({"months": ["may:august"]}, "2026-08-31T00:00", "2026-09-01T00:00"),
        ({"years": ["2026:2027"]}, "2027-12-31T23:59", "2028-01-01T00:00"),
        ({"weekdays": ["saturday", "Sunday"]}, "2026-11-22T00:00", "2026-11-23T00:00"),
        ({"times": [{"start_time": "22:00", "end_time": "24:00"}]}, "2026-11-22T23:59", "2026-11-22T00:00"),
        ({}, "2026-11-22T00:00", None),
    ],
)
def test_each_field_means_what_alertmanager_says(interval, inside, outside):
    made = TimeInterval.model_validate(interval)
    assert contains(made, at(inside))
    assert outside is None or not contains(made, at(outside))


@pytest.mark.parametrize(
    "interval",
    [
        {"times": [{"start_time": "17:00", "end_time": "09:00"}]},
        {"times": [{"start_time": "9:00", "end_time": "10:00"}]},
        {"times": [{"start_time": "09:00", "end_time": "24:01"}]},
        {"weekdays": ["friday:monday"]},
        {"weekdays": ["someday"]},
        {"weekdays": ["1"]},
        {"days_of_month": ["0"]},
        {"days_of_month": ["32"]},
        {"days_of_month": ["-1:5"]},
        {"days_of_month": ["-1:-5"]},
        {"months": ["13"]},
        {"months": ["june:may"]},
        {"location": "Mars/Olympus"},
        {"location": "Local"},
        {"location": "../../etc/passwd"},
        {"day": ["monday"]},
    ],
)
def test_what_alertmanager_refuses_is_refused(interval):
    with pytest.raises(ValidationError):
        TimeInterval.model_validate(interval)


HOURS = st.integers(0, 23)
INTERVALS = st.builds(
    lambda days, start, length, zone: TimeInterval.model_validate({
        "weekdays": days, "location": zone,
        "times": [{"start_time": f"{start:02}:30", "end_time": f"{min(start + length, 24):02}:00"}],
    }),
    st.lists(st.sampled_from(["monday", "wednesday:friday", "sunday"]), max_size=2), st.integers(0, 22),
    st.integers(1, 9), st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
)  # fmt: skip


@given(INTERVALS, st.integers(at("2026-01-01T00:00"), at("2026-12-31T00:00")))
def test_the_next_change_is_a_change_and_none_comes_before(interval, now):
    now -= now % 60
    change = next_change([interval], now)
    assert change is not None
    assert contains(interval, change) != contains(interval, now)
    step = max(60, (change - now) // 200)
    moments = range(now, change, step)
    assert {contains(interval, moment) for moment in moments} == {contains(interval, now)}


def test_clocks_that_are_put_forward_skip_nothing():
    night = TimeInterval.model_validate(
        {"times": [{"start_time": "02:15", "end_time": "03:15"}], "location": "Europe/Berlin"}
    )
    before = at("2026-03-29T00:50")  # 01:50 there; at 02:00 it becomes 03:00
    change = next_change([night], before)
    assert contains(night, change)
    assert change - before <= 600
    assert datetime.fromtimestamp(change, UTC) - datetime(2026, 3, 29, 0, 50, tzinfo=UTC) == timedelta(minutes=10)
