"""Runs the real daemon in processes that end where they are told to.

    python crash_daemon.py --config remediator.yml [--die before:3]     one daemon
    python crash_daemon.py --nursery                                    many, forked from a warm process

A death is ``before:N`` or ``after:N``: the process kills itself (SIGKILL) before or after its N-th
commit. The nursery reads one JSON order a line (``name, config, log``, and ``die`` if it is to)
and writes one JSON event a line: ``{"name", "pid"}``, ``{"name", "port"}``, ``{"name", "ended",
"commits"}``; ``ended`` is the exit code, -9 when it was killed. Forking saves the start of Python
and of all imports, so that hundreds of daemons can be started and killed in a test.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from remediator.app import Options, run
from remediator.interfaces.rule_files import load_rules


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


def daemon(order: dict[str, Any], events: int) -> None:
    """Be one daemon; what it prints goes to its log. Never returns."""

    def say(**event: Any) -> None:
        os.write(events, json.dumps({"name": order["name"], **event}).encode() + b"\n")

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream, path in ((1, order.get("out", order["log"])), (2, order["log"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), stream)
    death = Death(order.get("die", ""))
    options = Options(
        Path(order["config"]), listen="127.0.0.1:0", log_style="json", log_level=order.get("level", "info"),
        web_config=Path(order["web"]) if order.get("web") else None,
    )  # fmt: skip
    try:
        code = run(options, probe=death, on_ready=lambda port: say(port=port))
    except BaseException:  # noqa: BLE001 -- a forked child must never go back into its parent's loop
        sys.excepthook(*sys.exc_info())
        code = 70
    say(commits=death.commits)
    sys.stdout.flush()
    os._exit(code)


def nursery() -> None:
    """Fork daemons as ordered until the orders end; then end those that are left."""
    warm()
    gc.freeze()  # the children share these pages
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    names: dict[int, str] = {}
    orders = b""
    read_rules = lru_cache(1)(lambda: load_rules(("rules.yaml",), Path(order["config"]).parent))
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            reap(names)
        if 0 not in ready:
            continue
        came = os.read(0, 65536)
        if not came:
            break
        *lines, orders = (orders + came).split(b"\n")
        for line in lines:
            order = json.loads(line)
            read_rules()  # once; what that compiles, every child has
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                os.close(woken)
                os.close(wake)
                daemon(order, os.dup(1))
            names[pid] = order["name"]
            tell(name=order["name"], pid=pid)
    for pid in names:
        os.kill(pid, signal.SIGKILL)


def warm() -> None:
    """Import what a daemon imports only when it needs it."""
    for module in ("uvloop", "remediator.actions.http", "remediator.interfaces.console"):
        with contextlib.suppress(ImportError):
            importlib.import_module(module)


def reap(names: dict[int, str]) -> None:
    """Tell of the children that ended."""
    while names:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        tell(name=names.pop(pid), ended=os.waitstatus_to_exitcode(status))


def tell(**event: Any) -> None:
    """Write one event; short enough to arrive in one piece."""
    os.write(1, json.dumps(event).encode() + b"\n")


def main() -> None:
    """Be a nursery or one daemon."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nursery", action="store_true")
    parser.add_argument("--config", default="remediator.yml")
    parser.add_argument("--die", default="", help="before:N or after:N")
    parser.add_argument("--log", default="/dev/stderr", help="where the log goes")
    parser.add_argument("--out", default="/dev/stderr", help="where the console's reports go")
    parser.add_argument("--level", default="info")
    given = parser.parse_args()
    if given.nursery:
        nursery()
    else:
        daemon({"name": "daemon", **vars(given)}, os.dup(1))


if __name__ == "__main__":
    main()
