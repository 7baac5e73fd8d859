"""Ten thousand different alerts within a minute, twice, at the real daemon: what it needs, answers, keeps and tells."""

import asyncio
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from e2e.daemon import Site, notification, start_daemon
from fakes.slack_api import SlackApi

RULES = """
rules:
  - {name: restart, match: alertname = "Down", guide: restart, with: {service: "{{ labels.service }}"}, mode: auto}
guides:
  restart:
    summary: it is down
    parameters: {service: {type: string}}
    target: http/{{ params.service }}
    remedies:
      - name: restart it
        steps:
          - http.request: {url: "http://127.0.0.1:9/restart/{{ params.service }}", method: POST}
"""
ALERTS = 10_000
SENDERS = 16
#: Of an open run memory has its id, its rank and its place in the heap of what is due; of an open alert its
#: fingerprint: together under 1 kB, so 10 MB. The rest has a size of its own (SQLite's pages, verdicts of regexes,
#: metrics), or is what the allocator keeps of a burst.
MOST = 32  #: megabytes above what it needed before
#: The second storm finds all that already there: what it adds is what was kept of the first, whose alerts are over.
MOST_AGAIN = 12


class Memory:
    """Reads a process's resident memory, in megabytes."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self.peak = 0.0

    def now(self) -> float:
        line = next(line for line in self._status.read_text().splitlines() if line.startswith("VmRSS:"))
        found = int(line.split()[1]) / 1024
        self.peak = max(self.peak, found)
        return found

    async def watch(self) -> None:
        while True:
            self.now()
            await asyncio.sleep(0.05)


def alerts(first: int) -> list[dict[str, str]]:
    """Return label sets that share nothing but the name."""
    numbers = range(first, first + ALERTS)
    return [{"alertname": "Down", "service": f"service-{n}", "pod": f"pod-{n:x}", "zone": f"z{n}"} for n in numbers]


async def send(daemon, labels, together, *, over=False):
    """Post them as so many senders do; return how often each code was answered, and the seconds that it took."""
    bodies = [notification(labels[n : n + together], over=over) for n in range(0, len(labels), together)]
    codes, began = Counter(), time.monotonic()

    async def one() -> None:
        while bodies:
            codes[(await daemon.post(bodies.pop()))[0]] += 1

    await asyncio.gather(*(one() for _ in range(SENDERS)))
    return codes, time.monotonic() - began


async def settled(daemon):
    """Wait until its processor rests."""
    stat, last = Path(f"/proc/{daemon.pid}/stat"), -1
    for _ in range(600):
        used = sum(int(ticks) for ticks in stat.read_text().rpartition(")")[2].split()[11:13])
        if used - last <= 2:
            return
        last = used
        await asyncio.sleep(0.5)
    raise AssertionError("it does not come to rest")


def verdicts(site):
    """Return how many decisions of each verdict there are, and how many alerts have one."""
    with closing(sqlite3.connect(f"file:{site.store}?mode=ro", uri=True)) as db:
        return Counter(dict(db.execute("SELECT verdict, count(*) FROM decision GROUP BY verdict"))), db.execute(
            "SELECT count(DISTINCT episode) FROM decision"
        ).fetchone()[0]


@pytest.mark.chaos
@pytest.mark.timeout(600)
@pytest.mark.parametrize("together", [1, 100])
async def test_a_storm_leaves_memory_bounded(tmp_path, together):
    async with SlackApi() as slack:
        channel = slack.add_channel("C0OPS", "ops")
        site = Site.make(
            tmp_path, RULES, limits={"storm": {"max": 20, "per": "1m"}, "overall": {"max": 4, "per": "1h"}},
            slack={"token_file": "slack-token", "channel": "C0OPS", "api_url": slack.api_url},
        )  # fmt: skip
        site.file("slack-token", slack.token + "\n")
        async with start_daemon(site) as daemon:
            memory = Memory(daemon.pid)
            watching = asyncio.create_task(memory.watch())
            await send(daemon, [{"alertname": "Other", "n": str(n)} for n in range(10)], 1)
            before, told, codes = memory.now(), [], Counter()
            for storm in range(2):
                came, seconds = await send(daemon, alerts(storm * ALERTS), together)
                await settled(daemon)
                told.append(f"{seconds:.1f} s, peak {memory.peak:.0f} MB, then {memory.now():.0f} MB")
                codes += came
                assert seconds <= 60
                peak, memory.peak = memory.peak, 0.0
                if not storm:
                    first = peak
                await send(daemon, alerts(storm * ALERTS), together, over=True)
                await settled(daemon)
            watching.cancel()
            posts, replies = len(channel.messages), sum(len(each.thread) for each in channel.messages.values())
            print(f"\n{ALERTS} alerts, {together} a body: {before:.0f} MB before; " + "; ".join(told), f"; {posts} messages, {replies} replies")
            assert codes == {202: 2 * ALERTS // together}
            assert first - before <= MOST
            assert peak - first <= MOST_AGAIN
            found, decided = verdicts(site)
            assert found.total() == decided == 2 * ALERTS
            assert 1 <= posts <= 12
            assert replies <= 60
