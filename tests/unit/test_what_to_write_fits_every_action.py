"""The stub that is shown where an answer is missing is taken by the action's own output model."""

import pytest
import yaml

from remediator.actions import registry
from remediator.core.records import Phase
from remediator.rehearsal.answers import Unanswered
from remediator.rehearsal.documents import AnswerText
from remediator.rehearsal.stubs import advice, outputs


@pytest.mark.parametrize("name", registry.names())
def test_it_fits(name):
    action = registry.find(name)
    action.outputs.model_validate(outputs(action))


def test_it_can_be_pasted():
    action = registry.find("kubernetes.rollout_restart")
    told = advice(Unanswered("restart", "restart", action, Phase.ACT, {}, given=False))
    begin, end = told.index("    answers:"), told.index("    or, instead")
    pasted = yaml.safe_load(told[begin:end])["answers"]["restart"]
    assert set(AnswerText.model_validate(pasted).outputs) == {"restarted_at", "generation", "changed"}
