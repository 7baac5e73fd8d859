"""Runs the real daemon in processes that end where they are told to.

    python crash_daemon.py --config remediator.yml [--die before:3]

A death is ``before:N`` or ``after:N``: the process kills itself (SIGKILL) before or after its N-th
commit. It tells one JSON event a line: ``{"port"}`` when it is ready, ``{"commits"}`` when it ends.
Hundreds are started and killed in a test: those are forked (crash.nursery).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from remediator.app.wiring import Options, run


class Death:
    """The store's probe: counts commits, and ends the process at the one it is told."""

    def __init__(self, when: str = "") -> None:
        stage, _, number = when.partition(":")
        self._stage, self._number = stage, int(number or 0)
        self.commits = 0

    def __call__(self, stage: str) -> None:
        if stage == "before":
            self.commits += 1
        if stage == self._stage and self.commits == self._number:
            os.kill(os.getpid(), signal.SIGKILL)


def daemon(order: dict[str, Any], events: int) -> int:
    """Be one daemon; what it prints goes to its log. Return its exit code."""

    def say(**event: Any) -> None:
        os.write(events, json.dumps(event).encode() + b"\n")

    death = Death(order.get("die", ""))
    options = Options(
        Path(order["config"]), listen="127.0.0.1:0", log_style="json", log_level=order.get("level", "info"),
        web_config=Path(order["web"]) if order.get("web") else None,
    )  # fmt: skip
    try:
        return run(options, probe=death, on_ready=lambda port: say(port=port))
    finally:
        say(commits=death.commits)


def main() -> None:
    """Be one daemon."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="remediator.yml")
    parser.add_argument("--die", default="", help="before:N or after:N")
    parser.add_argument("--log", default="/dev/stderr", help="where the log goes")
    parser.add_argument("--out", default="/dev/stderr", help="where the console's reports go")
    parser.add_argument("--level", default="info")
    given = parser.parse_args()
    events = os.dup(1)
    for stream, path in ((1, given.out), (2, given.log)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), stream)
    sys.exit(daemon(vars(given), events))


if __name__ == "__main__":
    main()
