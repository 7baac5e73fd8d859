"""Runs that wait for a place wait without work, and no free place is forgotten."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from crash.nursery import Daemon, open_nursery
from crash.sink import open_sink
from crash.story import Story, alert, lay_out, notice

RULES = """
rules:
  - {name: once, match: 'alertname = "Once"', guide: once, mode: auto}
  - {name: hasty, match: 'alertname = "Hasty"', guide: hasty, mode: auto}
  - {name: pair, match: 'alertname = "Pair"', guide: pair, mode: observe}
guides:
  once: &once
    summary: One change
    target: "http/sink/{{ labels.place }}"
    remedies:
      - name: post
        steps:
          - http.request: {method: POST, url: "SINK/effect/{{ alert.fingerprint }}"}
  hasty:
    <<: *once
    timeout: 200ms
  pair:
    summary: Two readings at a time
    target: "http/sink/{{ labels.place }}"
    diagnose:
      - http.probe: {url: "SINK/look/{{ alert.fingerprint }}"}
      - http.probe: {url: "SINK/peek/{{ alert.fingerprint }}"}
"""


@contextlib.asynccontextmanager
async def a_daemon(root: Path, limits: str) -> AsyncIterator[tuple[Story, Daemon, asyncio.Event]]:
    """Run a daemon with these limits; changes are not answered before the event is set."""
    async with open_nursery() as nursery, open_sink() as sink, aiohttp.ClientSession() as session:
        gate = sink.books["places"].gate = asyncio.Event()
        config = lay_out(root, f"http://127.0.0.1:{sink.port}/places", rules=RULES, limits=limits)
        story = Story(root, sink.books["places"], session)
        daemon = await nursery.start(config, story.log)
        yield story, daemon, gate
        await daemon.stop()


async def units(story: Story, daemon: Daemon) -> int:
    """Return how many units of work the store has done."""
    async with story.session.get(daemon.url + "/metrics") as answer:
        found = re.search(r"^remediator_store_units(?:_total)? ([0-9.e+]+)$", await answer.text(), re.MULTILINE)
    assert found
    return int(float(found[1]))


@pytest.mark.parametrize("limits", ["  steps_per_backend: 2\n", "  steps_in_flight: 2\n"])
async def test_waiting_for_two_places_while_one_is_free_costs_nothing(tmp_path: Path, limits: str) -> None:
    async with a_daemon(tmp_path, limits) as (story, daemon, gate):
        await story.send(daemon, notice(alert("Once", "a")))
        await story.send(daemon, notice(alert("Pair", "b")))
        await asyncio.sleep(0.3)
        before = await units(story, daemon)
        await asyncio.sleep(0.5)
        assert await units(story, daemon) - before < 10
        assert not story.book.looks
        gate.set()
        end = await story.settle(daemon)
        assert sorted(run.status for run in end.runs.values()) == ["observed", "unverified"]


async def test_who_no_longer_wants_a_place_hands_it_on(tmp_path: Path) -> None:
    async with a_daemon(tmp_path, "  steps_per_backend: 1\n") as (story, daemon, gate):
        for kind, name in (("Once", "a"), ("Hasty", "b"), ("Once", "c")):
            await story.send(daemon, notice(alert(kind, name)))
            await asyncio.sleep(0.15)
        await asyncio.sleep(0.2)  # the second one's time is up while it waits
        gate.set()
        end = await story.settle(daemon, limit=5.0)
        assert story.wrong == []
        ends = {who: end.runs[run].status for who, _, run in end.decisions}
        assert ends == {"a": "unverified", "b": "failed", "c": "unverified"}
        assert (story.book.posted("b"), story.book.posted("c")) == (0, 1)
