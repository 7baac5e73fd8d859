"""Load generator for receivers of alert webhooks. Loopback only, bounded in count and time.

    load.py --url http://127.0.0.1:9001/hooks/alert -n 2000 -c 32   # closed loop: 32 senders, each waits for its answer
    load.py --url ... --rate 20 --duration 20                      # open loop: 20 a second, whatever comes back
    load.py --url http://127.0.0.1:9093/api/v2/alerts --shape am   # Alertmanager's own API
    load.py ... -n 200 --kill-after 100 --pidfile F --restart 'COMMAND' --ready http://127.0.0.1:P/

The last form ends the receiver by SIGKILL after so many acknowledgements, starts it again, and
sends what was not acknowledged once more, as Alertmanager does.

Every alert has a unique label ``aid`` and fingerprint, every webhook a unique groupKey. The sink
(sink.py) says when the action for each aid arrived. Latencies count from the scheduled time in the
open loop (a late sender is not forgiven), from the actual sending in the closed loop. Prints one
JSON document: times in milliseconds where the key says so, else in seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import time
import urllib.parse
import uuid
from pathlib import Path
from typing import Any

from connection import Connection, ask
from webhooks import Shot, shots_of

try:
    import uvloop
except ImportError:
    uvloop = None  # type: ignore[assignment]

MOST_ALERTS = 2_000_000
RESENDS = 20
IDS_SHOWN = 1000


def percentile(values: list[float], share: float) -> float | None:
    """Return the value at this share (0 to 100), by the nearest rank; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share / 100 * (len(ordered) - 1)))]


def milliseconds(seconds: float | None) -> float | None:
    """Return seconds as rounded milliseconds."""
    return None if seconds is None else round(seconds * 1000, 2)


class Load:
    """One load: what was sent, what was acknowledged, and when. Times are CLOCK_MONOTONIC's seconds."""

    def __init__(self, options: argparse.Namespace, shots: list[Shot]) -> None:
        split = urllib.parse.urlsplit(options.url)
        self._host, self._port = split.hostname or "", split.port or 80
        self._options, self._shots = options, shots
        self._until = time.monotonic() + options.max_time
        self._back = asyncio.Event()
        self._back.set()
        self._killing: asyncio.Task[None] | None = None
        self._unacknowledged: list[int] = []
        self.began = self.ended = 0.0
        self.sent: dict[int, float] = {}  #: number of the shot to when it was (or should have been) sent
        self.acknowledged: dict[int, float] = {}
        self.waits: list[float] = []  #: seconds until each acknowledgement
        self.codes: dict[str, int] = {}
        self.first_errors = 0
        self.kill: dict[str, Any] = {}

    async def send(self) -> None:
        """Send everything once."""
        self.began = time.monotonic()
        await (self._open_loop() if self._options.rate else self._closed_loop())
        self.ended = time.monotonic()
        self.first_errors = len(self._unacknowledged)

    async def _open_loop(self) -> None:
        idle: list[Connection] = []

        async def shoot(number: int, due: float) -> None:
            connection = idle.pop() if idle else Connection(self._host, self._port)
            await self._shoot(connection, number, due)
            idle.append(connection)

        tasks = []
        for number in range(len(self._shots)):
            due = self.began + number / self._options.rate
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            if time.monotonic() > self._until:
                break
            tasks.append(asyncio.create_task(shoot(number, due)))
        await asyncio.gather(*tasks)
        for connection in idle:
            connection.close()

    async def _closed_loop(self) -> None:
        numbers = iter(range(len(self._shots)))

        async def sender() -> None:
            connection = Connection(self._host, self._port)
            for number in numbers:
                if time.monotonic() > self._until:
                    break
                await self._shoot(connection, number, None)
            connection.close()

        await asyncio.gather(*(sender() for _ in range(min(self._options.c, len(self._shots)))))

    async def _shoot(self, connection: Connection, number: int, due: float | None) -> None:
        began = due if due is not None else time.monotonic()
        self.sent.setdefault(number, began)
        try:
            status, _ = await connection.ask(self._shots[number].request, self._options.timeout)
        except Exception as error:  # whatever it is, it was not acknowledged
            self._count(type(error).__name__)
            self._unacknowledged.append(number)
            return
        now = time.monotonic()
        self._count(str(status))
        if not 200 <= status < 300:
            self._unacknowledged.append(number)
            return
        self.waits.append(now - began)
        self.acknowledged[number] = now
        if self._options.kill_after and len(self.waits) >= self._options.kill_after and self._killing is None:
            self._back.clear()
            self._killing = asyncio.create_task(self._kill_and_restart())

    def _count(self, code: str) -> None:
        self.codes[code] = self.codes.get(code, 0) + 1

    async def _kill_and_restart(self) -> None:
        options = self._options
        os.kill(int(Path(options.pidfile).read_text().split()[0]), signal.SIGKILL)
        self.kill["killed_at_acks"] = len(self.waits)
        self.kill["sink_at_kill"] = json.loads((await ask(options.sink + "/count"))[1])["ids"]
        began = time.monotonic()
        await asyncio.sleep(options.down)
        subprocess.Popen(  # it outlives us: whoever gave the command ends it
            options.restart, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while time.monotonic() < self._until:
            try:
                await ask(options.ready, timeout=1)
                break
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.02)
        self.kill["down_s"] = round(time.monotonic() - began, 2)
        self._back.set()

    async def resend(self) -> None:
        """After a kill: send what was not acknowledged again, as Alertmanager does."""
        await self._back.wait()
        for _ in range(RESENDS):
            again, self._unacknowledged = self._unacknowledged, []
            if not again or time.monotonic() > self._until:
                break
            connection = Connection(self._host, self._port)
            for number in again:
                await self._shoot(connection, number, None)
            connection.close()
            await asyncio.sleep(0.5)

    async def drain(self) -> None:
        """Wait until every action has arrived, or none has come for ``--settle`` seconds."""
        options = self._options
        wanted = len(self.sent) * options.alerts if options.expect is None else options.expect
        last, since = -1, time.monotonic()
        until = since + options.drain
        while time.monotonic() < until:
            count = json.loads((await ask(options.sink + "/count"))[1])
            if count["ids"] >= wanted and not options.kill_after:
                break
            if count["hits"] != last:
                last, since = count["hits"], time.monotonic()
            elif time.monotonic() - since > options.settle:
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.3)

    def report(self, seen: dict[str, list[float]]) -> dict[str, Any]:
        """Return what came of it; ``seen`` is the sink's dump."""
        options = self._options
        took: list[float] = []
        lost_acked: list[str] = []
        lost = duplicated = extra = 0
        last = self.began
        for number, sent in self.sent.items():
            for aid in self._shots[number].ids:
                arrived = seen.get(aid)
                if arrived is None:
                    lost += 1
                    if number in self.acknowledged:
                        lost_acked.append(aid)
                    continue
                took.append(arrived[0] - sent)
                last = max(last, arrived[0])
                duplicated += len(arrived) > 1
                extra += len(arrived) - 1
        sending = self.ended - self.began
        return {
            "url": options.url, "webhooks": len(self.sent), "alerts_per": options.alerts,
            "mode": f"rate {options.rate}/s" if options.rate else f"conc {options.c}", "codes": self.codes,
            "accepted": len(self.acknowledged), "first_pass_errors": self.first_errors, "send_s": round(sending, 3),
            "accepted_per_s": round(len(self.acknowledged) / sending, 1),
            "ack_p50_ms": milliseconds(percentile(self.waits, 50)),
            "ack_p99_ms": milliseconds(percentile(self.waits, 99)),
            "ack_max_ms": milliseconds(max(self.waits, default=None)),
            "actions": len(took), "action_p50_ms": milliseconds(percentile(took, 50)),
            "action_p99_ms": milliseconds(percentile(took, 99)), "action_max_ms": milliseconds(max(took, default=None)),
            "actions_per_s": round(len(took) / (last - self.began), 1) if took else None,
            "all_done_s": round(last - self.began, 3),
            "lost": lost, "lost_acked": len(lost_acked), "lost_acked_ids": lost_acked[:IDS_SHOWN],
            "duplicated": duplicated, "extra_hits": extra, **self.kill,
        }  # fmt: skip


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Make one load and return what came of it."""
    if urllib.parse.urlsplit(options.url).hostname not in ("127.0.0.1", "localhost", "::1"):
        raise SystemExit("loopback only")
    if options.rate:
        options.n = min(options.n or 10**9, int(options.rate * options.duration))
    if options.n * options.alerts > MOST_ALERTS:
        raise SystemExit(f"at most {MOST_ALERTS} alerts")
    load = Load(options, shots_of(options, options.run or uuid.uuid4().hex[:6]))
    await ask(options.sink + "/reset", method="POST")
    await load.send()
    if options.kill_after:
        await load.resend()
    await load.drain()
    report = load.report(json.loads((await ask(options.sink + "/dump", timeout=60))[1]))
    return {"label": options.label, **report} if options.label else report


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--url", required=True, help="the receiver")
    add("--sink", default="http://127.0.0.1:9900", help="where actions arrive")
    add("-n", type=int, default=0, help="webhooks to send")
    add("-c", type=int, default=32, help="senders in the closed loop")
    add("--rate", type=float, default=0, help="webhooks a second: the open loop")
    add("--duration", type=float, default=20, help="seconds of the open loop")
    add("--alerts", type=int, default=1, help="alerts in each webhook")
    add("--shape", choices=["webhook", "am"], default="webhook", help="am: the body of Alertmanager's own API")
    add("--alertname", default="HighErrorRate")
    add("--severity", default="critical")
    add("--header", action="append", default=[], help="'Name: value', may be given again")
    add("--timeout", type=float, default=60, help="seconds for one answer")
    add("--max-time", type=float, default=120, help="seconds after which nothing more is sent")
    add("--drain", type=float, default=60, help="longest wait for actions after sending")
    add("--settle", type=float, default=8, help="give up after this long with no new action")
    add("--expect", type=int, help="actions to wait for, if not one for each alert")
    add("--kill-after", type=int, default=0, help="SIGKILL the receiver after so many acknowledgements")
    add("--pidfile", help="with --kill-after: holds the receiver's pid")
    add("--restart", help="with --kill-after: shell command that starts it again")
    add("--ready", help="with --kill-after: URL that answers when it is back")
    add("--down", type=float, default=0.5, help="with --kill-after: seconds until it is started again")
    add("--no-instance", action="store_true", help="leave the label instance out (some receivers look it up)")
    add("--instance", help="the same label instance for all (some receivers take it as the host to act on)")
    add("--run", help="prefix of all aids; random by default")
    add("--label", help="printed with the result")
    add("--json", action="store_true", help="print one line")
    add("--out", help="append the result to this file")
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    options = arguments()
    result = (uvloop.run if uvloop else asyncio.run)(measure(options))
    print(json.dumps(result, indent=None if options.json else 1))
    if options.out:
        with Path(options.out).open("a") as file:
            file.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
