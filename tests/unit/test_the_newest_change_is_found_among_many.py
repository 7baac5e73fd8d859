from fakes.small_site import SmallSite, alert

from remediator.store import reservations


def test_below_a_target_with_many_parts(tmp_path):
    site = SmallSite.of(tmp_path)
    reservations.changed(site.tx, "other", [f"host/a/part{n:03}" for n in range(100)], site.now - 10 * 86400 * 1_000_000)
    reservations.changed(site.tx, "other", ["host/a/part099"], site.now)
    (work,) = site.admit(alert("a", name="Slow", starts_at=site.now)).works
    assert work.held.guard == "cooldown"
