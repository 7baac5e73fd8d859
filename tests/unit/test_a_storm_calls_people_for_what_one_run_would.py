"""What a storm's digest calls trouble is what a lone run's end is: without ``verify`` nobody expects to know."""

import pytest
from fakes.small_site import RULES, SmallSite, alert

from remediator.core.limits import Storm
from remediator.core.scopes import SiteLimits
from remediator.store import digests


@pytest.mark.parametrize(("plan", "needed"), [("plan", 0), ("json_set(plan, '$.verify', json('{}'))", 2)])
def test_unverified_needs_people_where_something_was_to_be_verified(tmp_path, plan, needed):
    limits = SiteLimits(storm=Storm(3, 60.0, calm=120.0))
    site = SmallSite.of(tmp_path, RULES, limits=limits, reporters=("slack",))
    works = [site.admit(alert(name, name="Slow", starts_at=site.now)).works[0] for name in "abcdef"]
    site.came(works[3])
    site.tick(600)
    for work in works[4:]:
        going = site.begin(work.run.id)
        while going.tasks:
            going = site.came(going)
        assert site.status(work.run.id) == "unverified"
    site.tx.run(f"UPDATE run SET plan = {plan} WHERE status = 'unverified'")
    site.tx.run("DELETE FROM outbox")
    digests.tell_ends(site.tx, ("slack",), site.now)
    digests.tell_ends(site.tx, ("slack",), site.now)
    (said,) = site.tx.one("SELECT output FROM step WHERE key = '0/storm/settled everything'")
    assert ("need a person" in str(said)) == bool(needed)
    assert site.tx.one("SELECT count(*) FROM outbox WHERE telling = 'escalation'")[0] == bool(needed)
