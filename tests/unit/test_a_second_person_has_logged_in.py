import pytest
from fakes.small_site import SmallSite, alert
from msgspec.structs import replace

from remediator.core.policy import ApprovalNeed, ApprovalRule, Policy
from remediator.errors import ConflictError
from remediator.store import control


@pytest.mark.parametrize("need", [ApprovalNeed(2), ApprovalNeed(1, frozenset({"ann"}))])
def test_a_name_that_anybody_may_give_is_nobody(tmp_path, need):
    site = SmallSite.of(tmp_path)
    rule = ApprovalRule(("http.*",), ("host/**",), need)
    site.site = replace(site.site, envelope=replace(site.site.envelope, policy=Policy(approvals=(rule,))))
    (work,) = site.admit(alert("a")).works
    site.came(work)
    for name in ("ann", "bob"):
        with pytest.raises(ConflictError, match="nobody has to log in"):
            control.approve(site.tx, work.run.id, name, "it is right", "", site.now, known=False)
    assert site.status(work.run.id) == "awaiting_approval"


def test_where_anybody_may_approve_it_is_enough(tmp_path):
    text = (SmallSite.of(tmp_path), (tmp_path / "rules.yaml").read_text())[1]
    site = SmallSite.of(tmp_path, text.replace("mode: auto", "mode: ask"))
    (work,) = site.admit(alert("a")).works
    site.came(work)
    control.approve(site.tx, work.run.id, "ann", "it is right", "", site.now, known=False)
    assert site.status(work.run.id) == "queued"
