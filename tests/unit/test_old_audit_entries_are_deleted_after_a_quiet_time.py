from fakes.small_site import SmallSite

from remediator.engine.upkeep import AUDIT_KEPT
from remediator.store import audit, retention

DAY = 86400 * 1_000_000


def test_when_nobody_has_done_anything_for_a_month(tmp_path):
    site = SmallSite.of(tmp_path)
    site.now = 2000 * DAY
    for days in (500, 402, 401, 300, 30):
        audit.append(site.tx, "ann", "pause", "global", "", site.now - days * DAY)
    retention.delete_audit(site.tx, site.now - AUDIT_KEPT)
    left = [(site.now - at) // DAY for (at,) in site.tx.all("SELECT at FROM audit ORDER BY at")]
    assert left == [402, 401, 300, 30]
