"""Throws bodies at the real daemon over HTTP and watches what it answers and how large it grows.

    python tests/fuzz/fuzz_webhook.py --bodies 1000000 --seed 1

Fails (exit 1) when any answer is 500, when a request has no answer, when the daemon dies or logs a
defect, or when its resident memory ever reached ``--rss`` MB. Everything follows from the seed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from time import monotonic

sys.path.insert(0, str(Path(__file__).parents[1]))

from crash.nursery import SCRIPT
from fuzz.bodies import Bodies, huge

MAX_BODY = 16 * 1024 * 1024  #: the default of ``web.max_body``
LANES = 8  #: connections that send at the same time
HUGE_EVERY = 20_000  #: bodies between two that are as large as allowed
EXPECTED = frozenset({202, 400, 413, 503})
HEAD = b"POST /api/v1/alertmanager HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"

CONFIG = """
max_mode: auto
rules: [rules.yaml]
allow: {targets: ["http/**"]}
limits: {per_target: null, per_namespace: null, overall: null, budget: null, backlog: 2000}
store: {path: store.db}
report: {console: "on"}
retention: {age: 1s, runs: 100}
connections:
  prometheus: {default: {url: "http://127.0.0.1:9"}}
"""

# Values land wherever they can: in a target, a URL, PromQL, JSON, a condition. Nobody listens on port 9.
RULES = """
rules:
  - name: critical ones are tried
    match: ['severity = "critical"', 'alertname =~ ".+"', 'pod !~ "checkout-0|payment-0"']
    guide: try
    with: {service: "{{ labels.service }}", note: "{{ annotations.summary | default('') }}"}
    mode: auto
    continue: true
  - name: all others are looked at
    match: ['alertname =~ ".*"', 'pod !~ "checkout-0|payment-0"']  # two of three as they came: runs cost the most
    guide: look
    mode: observe
guides:
  try:
    summary: A change that never gets through
    parameters: {service: {type: string}, note: {type: string}}
    target: "http/{{ labels.instance }}/{{ params.service }}"
    remedies:
      - name: ask for help
        when: params.service != "nobody" and labels.severity == "critical"
        steps:
          - attempts: 1
            timeout: 2s
            http.request:
              method: PUT
              url: "http://127.0.0.1:9/{{ labels.namespace }}/{{ params.service }}?q={{ params.note }}"
              json: '{"service": "{{ params.service }}", "labels": "{{ labels.pod }}"}'
  look:
    summary: Readings that never come
    target: "http/{{ labels.job }}/{{ labels.instance }}"
    diagnose:
      - attempts: 1
        timeout: 2s
        prometheus.query: {query: 'up{instance="{{ labels.instance }}",job=~"{{ labels.job }}"}'}
"""


@dataclass
class Found:
    """What the daemon has shown."""

    answers: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    rss: int = 0  #: MB, the most that was ever resident
    seconds: float = 0.0

    def __str__(self) -> str:
        codes = ", ".join(f"{code}: {count}" for code, count in sorted(self.answers.items()))
        rate = self.answers.total() / self.seconds if self.seconds else 0.0
        return f"{self.answers.total()} bodies, {rate:.0f}/s, answers {codes}, at most {self.rss} MB resident"


def peak(pid: int) -> int:
    """Return the most MB that a process ever had resident."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) // 1024 if found else 0


@contextlib.asynccontextmanager
async def a_daemon(root: Path) -> AsyncIterator[tuple[int, int]]:
    """Run a daemon on these rules; return its pid and its port."""
    (root / "remediator.yml").write_text(CONFIG)
    (root / "rules.yaml").write_text(RULES)
    process = await asyncio.create_subprocess_exec(
        sys.executable, SCRIPT, "--config", root / "remediator.yml", "--out", "/dev/null",
        "--log", root / "errors.log", "--level", "error",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise SystemExit("the daemon did not start:\n" + (root / "errors.log").read_text())
    try:
        yield process.pid, json.loads(line)["port"]
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> int:
    """Send one body; return the answer's code. Raise OSError or EOFError without an answer."""
    writer.write(HEAD % len(body) + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", answer.lower())
    await reader.readexactly(int(length[1]) if length else 0)
    return int(answer[9:12])


async def lane(port: int, bodies: Iterator[bytes], found: Found) -> None:
    """Send one body after the other over one connection; a new one after an answer that closes it."""
    writer: asyncio.StreamWriter | None = None
    for body in bodies:
        if writer is None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            async with asyncio.timeout(60):
                code = await post(reader, writer, body)
        except (OSError, EOFError) as error:
            # While a body beyond the limit is still being sent, the answer may be cut off by a reset.
            if len(body) <= MAX_BODY:
                found.wrong.append(f"no answer ({type(error).__name__}) to {show(body)}")
            code = 413
        found.answers[code] += 1
        if code not in EXPECTED:
            found.wrong.append(f"{code} to {show(body)}")
        if code == 413:  # the rest of the body was not read
            writer.close()
            writer = None
    if writer is not None:
        writer.close()


def show(body: bytes) -> str:
    """Return enough of a body to find it again."""
    return f"{len(body)} bytes {body[:200]!r}"


async def send_all(port: int, bodies: Iterator[bytes], found: Found, lanes: int = LANES) -> None:
    """Send them all over so many connections; each takes the next."""
    try:
        await asyncio.gather(*(lane(port, bodies, found) for _ in range(lanes)))
    except OSError as error:
        found.wrong.append(f"the daemon died: {error}")


async def fuzz(root: Path, count: int, seed: int, *, every: int = 0) -> Found:
    """Send so many bodies; ``every``: seconds between lines of progress, 0 for none."""
    found = Found()
    large = huge(MAX_BODY)

    def mixed() -> Iterator[bytes]:
        for number, body in enumerate(islice(Bodies(seed), count), start=1):
            yield body
            if number % HUGE_EVERY == 0:
                yield large[number // HUGE_EVERY % len(large)]

    began = monotonic()
    async with a_daemon(root) as (pid, port):

        async def watch() -> None:
            while True:
                found.rss, found.seconds = peak(pid), monotonic() - began
                if every:
                    print(found, flush=True)
                await asyncio.sleep(every or 0.5)

        watching = asyncio.create_task(watch())
        await send_all(port, mixed(), found)
        watching.cancel()
        found.seconds = monotonic() - began
        found.rss = peak(pid)
    found.wrong += (root / "errors.log").read_text().splitlines()[:20]
    return found


def quick() -> str | None:
    """Return where writing costs nothing: what a disk takes is not measured here."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def main() -> int:
    """Fuzz as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bodies", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rss", type=int, default=300, help="MB that the daemon must stay below")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=quick()) as root:
        found = asyncio.run(fuzz(Path(root), given.bodies, given.seed, every=10))
    print(found)
    for what in found.wrong[:50]:
        print("WRONG", what)
    if found.rss >= given.rss:
        print(f"WRONG {found.rss} MB resident; it must stay below {given.rss}")
    return int(bool(found.wrong) or found.rss >= given.rss)


if __name__ == "__main__":
    sys.exit(main())
