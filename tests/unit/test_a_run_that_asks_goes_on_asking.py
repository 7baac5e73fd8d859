from fakes.small_site import RULES, SmallSite, alert

from remediator.core.scopes import SiteLimits

TEXT = RULES.replace("    limits: {cooldown: 5m}\n", "    approval_timeout: 1h\n")


def test_it_expires_and_does_not_act_when_the_doubt_has_passed(tmp_path):
    site = SmallSite.of(tmp_path, TEXT, limits=SiteLimits(loop_guard=600.0))
    site.came(site.admit(alert("a", starts_at=site.now)).works[0])
    site.tick(60)
    asked = site.came(site.admit(alert("a", name="Slow", starts_at=site.now)).works[0])  # we changed it a minute ago
    assert site.status(asked.run.id) == "awaiting_approval"
    for _ in range(6):  # the loop guard's ten minutes are long over
        site.tick(599)
        assert not site.begin(asked.run.id).tasks
        assert site.status(asked.run.id) == "awaiting_approval"
    site.tick(10)
    site.begin(asked.run.id)
    assert site.status(asked.run.id) == "expired"
