import pytest
from fakes.small_site import SmallSite, alert

from remediator.core.guards import Pause, pause_binds
from remediator.errors import ConflictError
from remediator.store import control
from remediator.store.journal import load

KUBERNETES = """
rules:
  - {name: restart, match: 'alertname = "Down"', guide: restart, mode: auto}
guides:
  restart:
    summary: it is down
    target: kubernetes/prod/shop/deployment/cart
    remedies:
      - name: restart it
        steps:
          - kubernetes.rollout_restart: {connection: prod, kind: deployment, namespace: shop, name: cart}
"""


@pytest.fixture
def plan(tmp_path):
    site = SmallSite.of(tmp_path, KUBERNETES)
    (work,) = site.admit(alert("a")).works
    return load(site.tx, work.run.id)[0].plan


@pytest.mark.parametrize(
    ("scope", "binds"),
    [
        ("global", True),
        ("rule:restart", True),
        ("rule:other", False),
        ("cluster:prod", True),
        ("cluster:staging", False),
        ("namespace:prod/shop", True),
        ("namespace:prod/sho", False),
        ("namespace:staging/shop", False),
        ("target:kubernetes/prod/shop/deployment/cart", True),
        ("target:kubernetes/prod/shop/**", True),
        ("target:kubernetes/*/shop/deployment/*", True),
        ("target:kubernetes/prod/shop/deployment/cart/pod/1", True),  # below it
        ("target:kubernetes/prod/shop/deployment/other", False),
        ("what is this", True),  # nobody can read it, so it stops everything
    ],
)
def test_its_rule_or_anything_that_it_would_change(plan, scope, binds):
    assert pause_binds(Pause(scope, "ann", "why", None, 0), plan) is binds


def test_what_nobody_can_read_is_not_accepted(tmp_path):
    site = SmallSite.of(tmp_path)
    for scope in ("", "everything", "rule:", "namespace: ", "cluster"):
        with pytest.raises(ConflictError, match="a pause is for"):
            control.pause(site.tx, scope, "ann", "why", None, site.now)


def test_a_maintenance_has_an_end_and_says_what_it_is(tmp_path):
    site = SmallSite.of(tmp_path)
    with pytest.raises(ConflictError, match="a maintenance has an end"):
        control.pause(site.tx, "target:host/**", "ann", "disks", None, site.now, kind="maintenance")
    control.pause(site.tx, "target:host/**", "ann", "disks", site.now + 60_000_000, site.now, kind="maintenance")
    (work,) = site.admit(alert("a")).works
    assert work.held.reason == "target:host/** is under maintenance by ann: disks"
    site.tick(60)
    assert site.begin(work.run.id).tasks
