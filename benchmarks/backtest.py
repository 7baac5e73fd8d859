"""How long a backtest of a million alerts takes, and how much memory it needs.

    backtest.py                     10^6 alerts, 10,000 fingerprints, 100 rules, over 7 days
    backtest.py --alerts 100000     fewer
    backtest.py --keep FOLDER       keep the files that were made

Makes rules and history, runs ``remediator backtest`` in a process of its own, and prints its time and its
largest resident memory. Alerts come in bodies of ten, fire for minutes to hours, and are resent meanwhile, as
Alertmanager does; most have a target of their own, some share one. Rules have a cooldown and a throttle, and the
daemon's default limits are in force.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import machine

START = 1_767_571_200
DAYS = 7
RESENT = 900  #: seconds
TOGETHER = 10


def rules(count: int) -> str:
    """Return a rule file with so many rules, a guide for every ten."""
    lines = ["rules:"]
    for number in range(count):
        lines += [
            f"  - name: rule-{number}",
            f"    match: ['alertname = \"Alert{number}\"', 'severity =~ \"warning|critical\"']",
            f"    guide: guide-{number // 10}",
            '    with: {service: "{{ labels.service }}"}',
            "    mode: auto",
            "    limits: {cooldown: 15m, throttle: {max: 20, per: 1h}}",
        ]
    lines.append("guides:")
    for number in range((count + 9) // 10):
        lines += [
            f"  guide-{number}:",
            "    summary: It is slow",
            "    parameters: {service: {type: string}}",
            "    target: host/{{ params.service }}",
            "    remedies:",
            "      - name: restart it",
            "        steps:",
            '          - http.request: {url: "http://127.0.0.1:9/restart/{{ params.service }}", method: PUT}',
        ]
    return "\n".join(lines) + "\n"


def write_history(path: Path, alerts: int, fingerprints: int, count: int, seed: int) -> None:
    """Write so many alerts: each fingerprint fires now and then, and is resent while it does."""
    chance = random.Random(seed)
    each = alerts // fingerprints
    events: list[tuple[float, int, bool, float]] = []
    for number in range(fingerprints):
        made, at = 0, START + chance.random() * 86400
        while made < each:
            lasts = chance.choice((300, 900, 1800, 7200))
            resends = min(int(lasts / RESENT), each - made - 1)
            began = at
            events += [(began + again * RESENT, number, True, began) for again in range(resends + 1)]
            events.append((began + lasts, number, False, began))
            made += resends + 2
            at += lasts + chance.expovariate(2 / (DAYS * 86400 / each))
    events.sort()
    del events[alerts:]
    with path.open("w") as file:
        for start in range(0, len(events), TOGETHER):
            some = events[start : start + TOGETHER]
            body = [document(number, firing, at, began, count) for at, number, firing, began in some]
            file.write(json.dumps({"at": moment(some[-1][0]), "alerts": body}) + "\n")


def document(number: int, firing: bool, at: float, began: float, rules_: int) -> dict[str, object]:
    """Return an alert as Alertmanager sends it."""
    labels = {
        "alertname": f"Alert{number % rules_}", "severity": "critical", "service": f"service-{number // 2}",
        "instance": f"10.0.{number % 250}.{number // 250}:9100", "job": "api",
    }  # fmt: skip
    return {
        "status": "firing" if firing else "resolved", "labels": labels, "annotations": {"summary": "it is slow"},
        "startsAt": moment(began), "endsAt": "0001-01-01T00:00:00Z" if firing else moment(at),
        "fingerprint": f"{number:016x}",
    }  # fmt: skip


def moment(at: float) -> str:
    """Return a time as RFC 3339 writes it."""
    return datetime.fromtimestamp(int(at), UTC).isoformat()


def measure(folder: Path) -> tuple[float, float, float, str]:
    """Return seconds, seconds of CPU, megabytes and what the command printed."""
    began = time.perf_counter()
    files = [str(folder / "rules.yaml"), "--file", str(folder / "history.jsonl")]
    command = [sys.executable, "-m", "remediator", "backtest", *files, "--json"]
    with (folder / "result.json").open("w") as result:
        process = subprocess.Popen(command, stdout=result)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    if status:
        raise SystemExit(f"remediator backtest ended with {os.waitstatus_to_exitcode(status)}")
    return took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, (folder / "result.json").read_text()


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=1_000_000)
    parser.add_argument("--fingerprints", type=int, default=10_000)
    parser.add_argument("--rules", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = asked.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "rules.yaml").write_text(rules(asked.rules))
        write_history(folder / "history.jsonl", asked.alerts, asked.fingerprints, asked.rules, asked.seed)
        seconds, busy, megabytes, text = measure(folder)
    result = json.loads(text)
    print("\n".join(machine.describe(Path.cwd())))
    print(f"{result['history']['alerts']:,} alerts, {result['episodes']:,} episodes, {asked.rules} rules")
    print(f"{seconds:.1f} s (wanted: at most 60), {busy:.1f} s of it CPU, {megabytes:.0f} MB (wanted: at most 500)")


if __name__ == "__main__":
    main()
