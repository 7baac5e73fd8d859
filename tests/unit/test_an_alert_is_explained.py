"""What would come of an alert: rules in order, guards on real rows, runs and episodes as they were decided."""

import json
from pathlib import Path

from fakes.small_site import SECOND, alert
from typer.testing import CliRunner

from remediator.cli import application
from remediator.core.matched import look
from remediator.interfaces.explained import explain, of_episode, of_run
from remediator.interfaces.explained_text import document, text
from remediator.interfaces.rule_files import load_rules
from remediator.interfaces.web.asking import ExplainWish, explained
from remediator.rehearsal import World
from remediator.rehearsal.answers import Answers
from remediator.rehearsal.documents import AnswerText, SettingsText

TABLE = load_rules(["pack.yaml"], Path(__file__).parent / "golden_rule_tests").table


def answer(**fields):
    return (AnswerText.model_validate(fields),)


GIVEN = {
    "health": answer(outputs={"holds": False}),
    "restart": answer(outputs={"status": 200}),
    "check1": (*answer(outputs={"holds": False}, changed=False), *answer(outputs={"holds": True}, changed=True)),
}


def world():
    return World(TABLE, SettingsText().settings(), stand_in=Answers((GIVEN,)).stand_in)


def said(made):
    return {one.guard: one for one in made.would[0].guards}


def test_guards_speak_of_what_happened_before():
    with world() as here:
        here.post([alert("web", starts_at=here.start)])
        here.run_until(here.start + 60 * SECOND)
        now = here.clock.now()
        made = here.read(lambda tx: explain(here.engine.site, alert("web", starts_at=now), now, tx))
        assert made.history
        assert made.would[0].verdict.guard == "cooldown"
        assert said(made)["cooldown"].until == here.start + 300 * SECOND
        other = here.read(lambda tx: explain(here.engine.site, alert("shop", starts_at=now), now, tx))
        assert other.would[0].verdict.verdict == "run"
        assert said(other)["envelope"].verdict == "lets through"


def test_a_run_and_its_episode_tell_what_was_decided_then():
    with world() as here:
        here.post([alert("web", starts_at=here.start)])
        here.run_until(here.start + 60 * SECOND)
        (story,) = here.runs()
        run, episode = story.view.id, story.view.episodes[0]
        found, then = here.read(lambda tx: of_run(tx, run))
        assert dict(found.labels) == {"alertname": "Down", "service": "web"}
        assert [one["verdict"] for one in then] == ["run", "succeeded"]
        again, decided = here.read(lambda tx: of_episode(tx, episode))
        assert (again.labels, decided[0]["rule"]) == (found.labels, "restart")
        assert here.read(lambda tx: of_episode(tx, "nothing")) is None
        shown = here.read(lambda tx: explained(tx, here.engine.site, ExplainWish(run=run), run, here.clock.now()))
        assert json.loads(json.dumps(shown)) == shown
        assert "then    restart: succeeded" in "\n".join(text(shown))


def test_every_matcher_that_fails_is_named():
    first, second, third = look(TABLE, {"alertname": "Slow"})
    assert [(miss.label, miss.value) for miss in first.missed] == [("alertname", "Slow")]
    assert second.takes
    assert third.taken_by == "restart when slow"
    assert [one.rule for one in look(TABLE, {}) if one.matches] == []


def test_what_matches_is_what_the_index_finds():
    for name in ("Down", "Slow", "Busy", "None"):
        labels = {"alertname": name}
        assert [one.rule for one in look(TABLE, labels) if one.takes] == [rule.name for rule in TABLE.matching(labels)]


def test_a_missing_label_is_a_refusal():
    with world() as here:
        made = explain(here.engine.site, alert("web"), 1)
        assert not made.history
        bare = type(alert("web"))("f", True, {"alertname": "Down"}, {}, 0, None)
        refused = explain(here.engine.site, bare, 1)
        assert refused.would[0].refused_by == "parameters"
        assert "refused (parameters)" in "\n".join(text(document(refused)))


def test_the_command_exits_3_when_nothing_matches(tmp_path):
    rules = str(Path(__file__).parent / "golden_rule_tests/pack.yaml")
    ask = lambda *words: CliRunner().invoke(application, ["explain", "--rules", rules, *words])  # noqa: E731 -- short
    assert ask("alertname=Down", "service=web").exit_code == 0
    assert ask("alertname=Nothing").exit_code == 3
    assert ask("alertname").exit_code == 2
    assert ask().exit_code == 2
    body = tmp_path / "body.json"
    alerts = [{"status": "firing", "labels": {"alertname": name, "service": "web"}} for name in ("Down", "Nothing")]
    body.write_text(json.dumps({"alerts": alerts}))
    came = ask("--payload", str(body), "--json")
    assert came.exit_code == 0
    assert [one["matches"] for one in json.loads(came.output)] == [True, False]
