"""``make bench``: remediator beside the least program that does its job, and beside Debian's webhook.

    bench.py                 5 repetitions, medians; about 15 minutes
    bench.py --quick         one small repetition: whether the benchmark works, not how fast anything is
    bench.py --runs 3        so many repetitions
    bench.py --write         put the table into README.md, too
    bench.py --data FOLDER   where the stores lie (default /var/tmp); it should be a real disk

In each repetition every program starts anew, with an empty store, and is measured in turn, in
another order each time. README.md beside this file says what each row means.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import machine
import matching
import measures
import table
from contenders import HERE, Contender, Floor, GoWebhook, Ours, Started, stop

Running = list[tuple[Contender, Started]]
Measure = Callable[[Contender, Started, measures.Sizes], measures.Figures]


class Bench:
    """One benchmark: its folder, its sizes, and what it has seen so far."""

    def __init__(self, folder: Path, sizes: measures.Sizes, runs: int) -> None:
        self.folder, self.sizes, self.runs = folder, sizes, runs
        missing = GoWebhook.missing()
        self.kinds: list[type[Contender]] = [Ours, Floor, *([] if missing else [GoWebhook])]
        self.figures = table.Figures(tuple(kind.name for kind in self.kinds))
        self.began = time.monotonic()
        if missing:
            self.note(f"webhook was not measured: {missing}.")

    def note(self, text: str) -> None:
        """Have something said below the table, once."""
        if text not in self.figures.notes:
            self.figures.notes.append(text)

    def tell(self, text: str) -> None:
        """Say what is being done."""
        print(f"[{time.monotonic() - self.began:5.0f} s] {text}", file=sys.stderr, flush=True)

    def run(self, number: int) -> None:
        """Make one repetition."""
        home = self.folder / str(number)
        home.mkdir()
        with measures.running_sink(home) as sink:
            with ExitStack() as stack:
                self.measure_load(number, self.start(number, home, sink, stack))
            for kind in self.kinds:
                if kind is not Floor:  # it does not take up its work after a crash
                    contender = kind(home / f"{kind.name}-kill", sink)
                    self.step(number, "kill -9", measures.kill, contender, contender.start())
        self.tell(f"{number}/{self.runs} finding rules")
        few, many = matching.microseconds(home / Ours.name)
        for key, value in (("few_us", few), ("many_us", many), ("rules_ratio", many / few)):
            self.figures.add(Ours.name, key, value)

    def start(self, number: int, home: Path, sink: str, stack: ExitStack) -> Running:
        """Start every program, note how long that took and what it needs when idle."""
        running: Running = []
        for kind in self.kinds:
            contender = kind(home / kind.name, sink)
            self.tell(f"{number}/{self.runs} {contender.name}: start")
            started = contender.start()
            stack.callback(stop, started.process.pid)
            self.figures.add(contender.name, "ready_s", started.seconds)
            self.figures.add(contender.name, "idle_mb", measures.idle_megabytes(started))
            running.append((contender, started))
        return running

    def measure_load(self, number: int, running: Running) -> None:
        """Latency for all in turn, then throughput, then what only some can do."""
        order = turned(running, number)
        for each in order:
            self.step(number, "warming up", measures.warm_up, *each)
        self.ratios({each[0].name: self.step(number, "20 alerts a second", measures.latency, *each) for each in order})
        self.ratios({each[0].name: self.step(number, "32 senders", measures.throughput, *each) for each in order})
        many = [each for each in order if not isinstance(each[0], GoWebhook)]  # it runs one command for a body
        self.ratios({each[0].name: self.step(number, "500-alert bodies", measures.big_bodies, *each) for each in many})
        for each in order:
            if isinstance(each[0], Ours):
                self.step(number, "storm", measures.storm, *each)

    def ratios(self, took: dict[str, measures.Figures]) -> None:
        """Compare with the floor within one repetition: what disturbs one disturbs both."""
        for key in ("p50_ms", "p99_ms", "actions_per_s", "bodies_per_s"):
            ours, floor = (took[name].get(key) for name in (Ours.name, Floor.name))
            if ours and floor:
                self.figures.add(Ours.name, f"{key.partition('_')[0]}_ratio", ours / floor)

    def step(
        self, number: int, what: str, measure: Measure, contender: Contender, started: Started
    ) -> measures.Figures:
        """Take one measure; when it fails, its cell stays empty and the reason stands below the table."""
        self.tell(f"{number}/{self.runs} {contender.name}: {what}")
        try:
            found = measure(contender, started, self.sizes)
        except measures.LoadError as error:
            self.tell(str(error))
            self.note(f"{contender.name}, {what}: {error}")
            return {}
        for key, value in found.items():
            self.figures.add(contender.name, key, value)
        return found


def turned(running: Running, number: int) -> Running:
    """Let another program begin in each repetition."""
    shift = number % len(running)
    return running[shift:] + running[:shift]


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=0, help="repetitions; default 5, with --quick 1")
    parser.add_argument("--quick", action="store_true", help="small sizes: only shows that the benchmark works")
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    parser.add_argument("--data", type=Path, default=Path("/var/tmp"), help="folder for the stores")
    parser.add_argument("--keep", action="store_true", help="leave stores and logs")
    return parser.parse_args()


def main() -> None:
    """Measure, print the table."""
    options = arguments()
    runs = options.runs or (1 if options.quick else 5)
    folder = Path(tempfile.mkdtemp(prefix="remediator-bench-", dir=options.data))
    header = [*machine.describe(folder), f"Median of {runs} {'small ' if options.quick else ''}repetitions"]
    print("\n".join(header), file=sys.stderr, flush=True)
    bench = Bench(folder, measures.QUICK if options.quick else measures.Sizes(), runs)
    try:
        for number in range(1, runs + 1):
            bench.run(number)
    finally:
        if options.keep:
            print(f"stores and logs: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    text = table.render(bench.figures, header, quick=options.quick)
    print(text)
    if options.write:
        table.write(text, HERE / "README.md")


if __name__ == "__main__":
    main()
