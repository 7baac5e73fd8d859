"""A sender that gives one fingerprint to different label sets: each is a trouble of its own, in any order."""

import itertools
import json
from pathlib import Path

import pytest
from fakes.small_site import SmallSite, alert
from msgspec.structs import replace

from remediator.core.fingerprints import fingerprint_apart, fingerprint_of
from remediator.interfaces.alertmanager import read_notification

PAYLOADS = Path(__file__).parents[1] / "data/payloads"


def same_name(service, **more):
    return replace(alert(service, **more), fingerprint="0123456789abcdef")


def plans(site):
    """Return which labels each run's plan has, and on what it acts."""
    return [(work.run.plan.labels["service"], work.run.plan.target) for work in site]


@pytest.mark.parametrize("order", list(itertools.permutations("abc")), ids="".join)
def test_in_one_body(tmp_path, order):
    site = SmallSite.of(tmp_path)
    works = site.admit(*(same_name(service) for service in order)).works
    assert plans(works) == [(service, f"host/{service}") for service in order]
    assert not site.admit(*(same_name(service) for service in sorted(order))).works  # a resend, in another order
    assert site.admit(same_name("d"), same_name("b")).works[0].run.plan.target == "host/d"


def test_in_bodies_of_their_own(tmp_path):
    site = SmallSite.of(tmp_path)
    assert [plans(site.admit(same_name(service)).works) for service in "aabab"] == [
        [("a", "host/a")], [], [("b", "host/b")], [], [],
    ]  # fmt: skip
    # What has resolved is what says so, not who came first.
    site.admit(same_name("b", firing=False))
    open_ones = site.tx.all("SELECT labels FROM episode WHERE resolved_at IS NULL")
    assert [json.loads(labels)["service"] for (labels,) in open_ones] == ["a"]


def test_the_order_of_labels_does_not_count(tmp_path):
    site = SmallSite.of(tmp_path)
    first = same_name("a")
    assert len(site.admit(first).works) == 1
    assert not site.admit(replace(first, labels=dict(reversed(first.labels.items())))).works


def test_without_one_it_is_alertmanagers():
    for file in PAYLOADS.glob("*.json"):
        document = json.loads(file.read_text())
        given = [one.pop("fingerprint") for one in document["alerts"]]
        made = read_notification(json.dumps(document).encode())
        assert [one.fingerprint for one in made.alerts] == given, file.name


def test_ours_differs_by_what_was_given_and_by_every_label():
    labels = {"a": "b", "c": "d"}
    names = {
        fingerprint_of(labels), fingerprint_apart("", labels), fingerprint_apart("x", labels),
        fingerprint_apart("x", {"a": "b"}), fingerprint_apart("x", {"a": "bc", "": "d"}),
    }  # fmt: skip
    assert len(names) == 5
    assert fingerprint_apart("x", labels) == fingerprint_apart("x", {"c": "d", "a": "b"})
