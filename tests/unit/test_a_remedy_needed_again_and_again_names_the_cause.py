from fakes.small_site import RULES, SmallSite, alert


def again(site):
    """Have the remedy needed once more, a day later."""
    (work,) = site.admit(alert("a", name="Slow", starts_at=site.now)).works
    if work.tasks and work.tasks[0].job.phase == "act":
        site.came(work)
    elif work.tasks:
        site.came(work)  # the preview of what it asks for
    site.admit(alert("a", name="Slow", firing=False))
    site.tick(86400)
    return site.tx.one("SELECT status, reason FROM run WHERE id = ?", work.run.id)


def site_of(tmp_path, then):
    limits = f"    limits: {{cooldown: 5m, repeats: {{max: 3, per: 7d, then: {then}}}}}\n"
    return SmallSite.of(tmp_path, RULES.replace("    limits: {cooldown: 5m}\n", limits))


def test_the_report_says_so(tmp_path):
    site = site_of(tmp_path, "tell")
    first, second, third, fourth = (again(site) for _ in range(4))
    assert "fix the cause" not in first[1] + second[1]
    assert "fix the cause: host/a needed this 3 times in 7d" in third[1]
    assert fourth[0] == "unverified"  # it still acts


def test_the_rule_may_stop(tmp_path):
    site = site_of(tmp_path, "stop")
    for _ in range(3):
        again(site)
    status, reason = again(site)
    assert "fix the cause: host/a needed this 3 times in 7d" in reason
    assert status == "cancelled" or status == "awaiting_approval"


def test_a_week_later_it_counts_anew(tmp_path):
    site = site_of(tmp_path, "stop")
    for _ in range(3):
        again(site)
    site.tick(8 * 86400)
    assert again(site)[0] == "unverified"
