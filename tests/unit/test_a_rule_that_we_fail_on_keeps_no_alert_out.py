from fakes.small_site import RULES, alert, table_of
from msgspec.structs import replace

from remediator.core.plan import Refusal
from remediator.core.records import Plan
from remediator.core.rules import RuleTable
from remediator.engine.admit import propose


def test_it_is_refused_and_says_so(tmp_path):
    table = table_of(RULES, tmp_path)
    broken, *others = table.rules
    table = RuleTable.of((replace(broken, guide=None), *others))  # stands for a defect of ours
    (refused,) = propose(table, alert("web"))
    assert isinstance(refused.made, Refusal)
    assert "defect in remediator: AttributeError" in refused.made.said
    assert "report it" in refused.made.said
    (planned,) = propose(table, alert("web", name="Slow"))
    assert isinstance(planned.made, Plan)
