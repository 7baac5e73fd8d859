import pytest
from fakes.small_site import RULES, SmallSite, alert
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from remediator.core.alert import Alert
from remediator.core.limits import Inhibition, RuleLimits, inhibits
from remediator.engine.work import Site
from remediator.store import dependencies, inbox

WAITS = """    inhibited_by:
      - source_matchers: ['alertname = "DatabaseDown"']
        equal: [cluster]
"""
TEXT = RULES.replace("    limits: {cooldown: 5m}\n", "    limits: {cooldown: 5m}\n" + WAITS)
EMPTY = SmallSite(Site())
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


def crowd(site, count=2000):
    """Let many alerts fire that are like the cause, and are of other clusters."""
    for number in range(count):
        name, cluster = f"Other{number % 20}" if number % 2 else "DatabaseDown", f"c{number}"
        one = alert(f"db{number}", name=name, cluster=cluster, severity="critical", tier=f"t{number % 7}")
        inbox.start_episode(site.tx, f"e{number:06}", one, "n", None, 0, site.now)


SOURCES = [
    (Inhibition(('alertname = "DatabaseDown"',), ("cluster",)), "c1998", "c1999"),
    (Inhibition(('severity = "critical"', 'alertname =~ "Database.*"'), ("cluster",)), "c1998", "c1999"),
    (Inhibition(('severity = "critical"', 'alertname != "Slow"'), ("cluster", "tier")), "c1998", "c1997"),
    (Inhibition(('severity = "critical"',), ("cluster", "absent label")), "c1999", "none"),
]


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    site = SmallSite.of(tmp_path_factory.mktemp("crowd"))
    crowd(site)
    table = site.site.table
    ruled = [replace_limits(table.rules[1], inhibition) for inhibition, _, _ in SOURCES]
    dependencies.index(site.tx, type(table).of(tuple(ruled)))
    return site


def replace_limits(rule, inhibition):
    return replace(rule, limits=RuleLimits(inhibited_by=(inhibition,)))


@pytest.mark.parametrize(("inhibition", "there", "elsewhere"), SOURCES)
def test_however_many_fire_the_one_is_found_and_only_that_one(crowded, inhibition, there, elsewhere):
    labels = {"alertname": "Slow", "severity": "warning", "tier": "t3"}
    steps = []
    crowded.db.set_progress_handler(lambda: steps.append(1), 100)  # by SQLite, each 100 instructions
    (found,) = dependencies.causes(crowded.tx, (inhibition,), {**labels, "cluster": there})
    assert dependencies.causes(crowded.tx, (inhibition,), {**labels, "cluster": elsewhere}) == ()
    crowded.db.set_progress_handler(None, 0)
    assert (found["cluster"], inhibits(inhibition, found, {**labels, "cluster": there})) == (there, True)
    assert len(steps) < 100, "every alert was looked at"


MATCHERS = st.builds("{} {} {}".format, st.sampled_from(["alertname", "cluster", "node"]),
                     st.sampled_from(["=", "!=", "=~", "!~"]), st.sampled_from(['""', '"x"', '"x|y"']))  # fmt: skip
INHIBITIONS = st.builds(
    Inhibition, st.lists(MATCHERS, min_size=1, max_size=3).map(tuple),
    st.lists(st.sampled_from(["alertname", "cluster", "node", "a b"]), max_size=2, unique=True).map(tuple),
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(VALUES, st.lists(VALUES, max_size=4), INHIBITIONS)
def test_it_says_what_a_scan_says(target, firing, inhibition):
    EMPTY.tx.run("DELETE FROM episode")
    for number, labels in enumerate(firing):
        one = Alert(str(number), True, labels, {}, 0, None)
        inbox.start_episode(EMPTY.tx, f"e{number}", one, "n", None, 0, EMPTY.now)
    expected = any(inhibits(inhibition, labels, target) for labels in firing)
    assert bool(dependencies.causes(EMPTY.tx, (inhibition,), target)) == expected


def test_indexes_go_with_the_rules_that_asked_for_them(crowded):
    plan = crowded.tx.all("EXPLAIN QUERY PLAN SELECT id FROM episode WHERE closed_at IS NULL AND resolved_at IS NULL"
                          " AND alertname = 'x' AND coalesce(json_extract(labels, '$.cluster'), '') = 'y' AND id > ''"
                          " ORDER BY id LIMIT 1")  # fmt: skip
    assert ["firing_equal_" in step for *_, step in plan] == [True]
