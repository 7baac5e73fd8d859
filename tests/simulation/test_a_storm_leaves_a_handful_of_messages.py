"""Thousands of alerts in a minute of virtual time, through the daemon's own parts; and what people hear of it."""

import re
from collections import Counter

import pytest
from msgspec.structs import replace

from remediator.core.alert import Alert
from remediator.core.durations import SECOND
from remediator.core.records import Phase
from remediator.core.reporting import Telling
from remediator.engine.upkeep import storms_end
from remediator.interfaces.report import compose
from remediator.interfaces.rule_files import load_rules
from remediator.rehearsal.world import World
from remediator.settings import Settings

RULES = """
rules:
  - {{name: restart, match: alertname = "Down", guide: restart, with: {{service: "{{{{ labels.service }}}}"}}, mode: {mode}}}
guides:
  restart:
    summary: it is down
    parameters: {{service: {{type: string}}}}
    target: host/{{{{ params.service }}}}
    remedies:
      - name: restart it
        steps:
          - http.request: {{url: "http://127.0.0.1:9/restart/{{{{ params.service }}}}", method: POST}}
"""
MINUTE = 60 * SECOND
SETTINGS = {
    "max_mode": "auto", "allow": {"targets": ["host/**"]},
    "limits": {"storm": {"max": 4, "per": "1m", "calm": "2m"}, "overall": {"max": 4, "per": "1h"}, "loop_guard": "0s"},
}  # fmt: skip


def well(_run, task):
    """Every step works at once."""

    async def perform(*_):
        return task.action.outputs.model_construct(status=200)

    return replace(task, action=replace(task.action, perform=perform))


def lived(tmp_path, mode, alerts, services):
    """Let so many alerts about so many services come in a minute, and then three hours pass."""
    (tmp_path / "rules.yaml").write_text(RULES.format(mode=mode))
    world = World(load_rules(["rules.yaml"], tmp_path).table, Settings.model_validate(SETTINGS), stand_in=well)
    world.reporter.min_interval = 1.0  # Slack's
    size = max(1, alerts // 20)
    for first in range(0, alerts, size):
        numbers = range(first, min(first + size, alerts))
        labels = [{"alertname": "Down", "service": f"s{n % services}", "pod": str(n)} for n in numbers]
        at = world.clock.now()
        world.post([Alert(f"f{n}", True, one, {}, at, None) for n, one in zip(numbers, labels, strict=True)])
        world.run_until(at + MINUTE * size // alerts)
    for _ in range(3 * 12):
        world.run_until(world.clock.now() + 5 * MINUTE)
        world._done(storms_end(world._store, world.engine, world.clock.now()))
    return world


def told(world):
    return [(message.telling, message.topic, message.run.id) for message in world.reporter.told]


def digests(world):
    """What the thread of the run that looked for all holds in the end."""
    last = [message.run for message in world.reporter.told if message.topic == "storm"][-1]
    return [entry.output["digest"] for entry in last.journal if entry.phase is Phase.STORM], compose(last)


SIZES = [(120, 60), pytest.param(10_000, 5_000, marks=[pytest.mark.chaos, pytest.mark.timeout(600)])]


@pytest.mark.parametrize(("alerts", "services"), SIZES)
@pytest.mark.parametrize("mode", ["observe", "ask", "auto"])
def test_people_hear_little_and_every_decision_is_kept(tmp_path, mode, alerts, services):
    world = lived(tmp_path, mode, alerts, services)
    try:
        heard = told(world)
        posts = Counter(run for telling, _, run in heard if telling is Telling.MESSAGE)
        assert len(posts) <= 10  # the one that looked for all, five, and those that came before it was a storm
        assert len(heard) <= 50
        assert Counter(topic for _, topic, _ in heard)["storm"] in (2, 3)
        verdicts = Counter(world.read(lambda tx: [row[0] for row in tx.all("SELECT verdict FROM decision")]))
        assert verdicts.total() == alerts
        said, report = digests(world)
        began, over = said[0], said[1]
        assert "more than 4 new alerts of everything within 1m" in began
        new, joined, held = (int(number) for number in re.findall(r"(?:: |which |held )(\d+) (?:new|joined|runs)", over))
        runs = world.read(lambda tx: tx.one("SELECT count(*) FROM run")[0])
        assert (new, joined) == (alerts, alerts - runs)
        assert services - 12 < held < runs
        assert any(line.label == "Storm" and line.text == over for line in report.on("storm"))
        assert len(world.engine.queue) == 0
        if mode == "auto":  # four an hour may act; the others were held too long, and people were called for few
            assert "need a person" in said[2]
            assert sum(telling is Telling.ESCALATION for telling, _, _ in heard) <= 7
    finally:
        world.close()
