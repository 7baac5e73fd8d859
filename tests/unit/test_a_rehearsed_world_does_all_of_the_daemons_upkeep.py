"""A world's upkeep is the daemon's: a storm's end is told in it, too."""

from pathlib import Path

from fakes.small_site import SECOND, alert

from remediator.interfaces.rule_files import load_rules
from remediator.rehearsal import World
from remediator.rehearsal.answers import Answers
from remediator.rehearsal.documents import AnswerText, SettingsText

TABLE = load_rules(["pack.yaml"], Path(__file__).parent / "golden_rule_tests").table
STORMY = SettingsText.model_validate({"limits": {"storm": {"max": 1, "per": "1m", "calm": "2m"}}}).settings()
ENDED = "SELECT count(*) FROM step WHERE key LIKE '0/storm/ended %'"


def test_a_storms_end_is_told():
    holds = (AnswerText.model_validate({"outputs": {"holds": True}}),)
    with World(TABLE, STORMY, stand_in=Answers(({"health": holds, "check1": holds},)).stand_in) as here:
        here.post([alert(service, starts_at=here.start) for service in "abc"])
        here.run_until(here.start + 600 * SECOND)
        assert here.read(lambda tx: tx.one(ENDED))[0] == 0
        here.upkeep()
        assert here.read(lambda tx: tx.one(ENDED))[0] == 1
