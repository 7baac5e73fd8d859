from fakes.small_site import RULES, SmallSite, alert
from hypothesis import given
from hypothesis import strategies as st

from remediator.core.limits import Inhibition, inhibits

WAITS = """    inhibited_by:
      - source_matchers: ['alertname = "DatabaseDown"']
        equal: [cluster]
"""
TEXT = RULES.replace("    limits: {cooldown: 5m}\n", "    limits: {cooldown: 5m}\n" + WAITS)
VALUES = st.dictionaries(st.sampled_from(["alertname", "cluster", "node"]), st.sampled_from(["", "x", "y"]))


def test_it_holds_and_goes_on_when_the_cause_has_resolved(tmp_path):
    site = SmallSite.of(tmp_path, TEXT)
    site.admit(alert("db", name="DatabaseDown", cluster="one"))
    (work,) = site.admit(alert("a", name="Slow", cluster="one")).works
    assert work.held.guard == "dependency"
    assert work.held.reason == "DatabaseDown fires for the same cluster=one; it may be the cause"
    woken = site.admit(alert("db", name="DatabaseDown", firing=False, cluster="one")).wake
    assert work.run.id in woken
    assert site.begin(work.run.id).tasks


def test_another_clusters_trouble_is_not_its_cause(tmp_path):
    site = SmallSite.of(tmp_path, TEXT)
    site.admit(alert("db", name="DatabaseDown", cluster="two"))
    assert site.admit(alert("a", name="Slow", cluster="one")).works[0].tasks


def test_an_absent_label_equals_an_absent_one(tmp_path):
    site = SmallSite.of(tmp_path, TEXT)
    site.admit(alert("db", name="DatabaseDown"))
    assert site.admit(alert("a", name="Slow")).works[0].held.guard == "dependency"


@given(VALUES, VALUES)
def test_nothing_inhibits_itself(source, target):
    rule = Inhibition(('alertname = "x"',), ("cluster",))
    if inhibits(rule, source, target):
        assert source.get("alertname") == "x" != target.get("alertname")
        assert source.get("cluster", "") == target.get("cluster", "")
    assert not inhibits(rule, source, source)
