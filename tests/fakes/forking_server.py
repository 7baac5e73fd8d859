"""Forks programs from a process that has loaded Python and all that the daemon imports.

Runs as a child of the tests (fakes.forking), and reads orders from the socket on its standard input: a JSON document
and four file descriptors, three for the program's standard streams and one socket to tell of it: ``{"pid"}``, then
whatever the program tells there, then ``{"ended"}``, its exit code (-9 when it was killed). A program whose teller
is closed, and each that is left when the orders end, is killed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from remediator.engine.clock import seed_ids
from remediator.interfaces.configuration import read_settings
from remediator.interfaces.rule_files import load_rules

LIMIT = 1 << 17  #: bytes of an order
MODULES = (
    "anyio._backends._asyncio", "anyio.streams.tls", "uvloop", "watchfiles", "remediator.app.wiring", "remediator.cli", "remediator.actions.alertmanager", "remediator.actions.command",
    "remediator.actions.http", "remediator.actions.prometheus", "remediator.interfaces.console",
    "remediator.rehearsal", "remediator.store.migrations",
)  # fmt: skip
RULES = """
rules: [{name: a, match: 'alertname = "A"', guide: g}]
guides:
  g:
    summary: "{{ labels.a }}"
    target: "http/a"
    diagnose: [{id: b, http.probe: {url: "http://a/{{ labels.a }}"}}]
    remedies: [{name: r, when: steps.b.status == 200, steps: [{http.request: {method: POST, url: "http://a/"}}]}]
    verify: {all: [{http.probe: {url: "http://a/"}}]}
"""


def warm() -> None:
    """Load what programs load only when they need it, and let models and expressions be compiled once."""
    for module in MODULES:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "rules.yaml").write_text(RULES)
        (home / "remediator.yml").write_text("rules: [rules.yaml]\n")
        read_settings(home / "remediator.yml")
        load_rules(("rules.yaml",), home)


def become(order: dict[str, Any], streams: list[int], teller: int) -> int:
    """Be the program; return its exit code."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    seed_ids(None)  # else each program would give the same ids
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115 -- as Python does
    sys.stderr.reconfigure(line_buffering=True)
    sys.argv = ["remediator", *order["words"]]
    module, _, name = order["call"].partition(":")
    try:
        came = getattr(importlib.import_module(module), name)(*([order["more"], teller] if order["more"] else []))
    except SystemExit as end:
        came = end.code
        if isinstance(came, str):
            sys.stderr.write(came + "\n")
            came = 1
    except BaseException:  # noqa: BLE001 -- a forked child must never go back into its parent's loop
        traceback.print_exc()
        came = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    return came or 0


class Programs:
    """Those that run: their tellers by pid."""

    def __init__(self, orders: socket.socket, woken: int) -> None:
        self._orders, self._woken = orders, woken
        self._tellers: dict[int, socket.socket] = {}

    def run(self) -> None:
        """Fork until the orders end; then kill those that are left."""
        while True:
            ready, _, _ = select.select([self._orders, self._woken, *self._tellers.values()], [], [])
            if self._woken in ready:
                os.read(self._woken, 4096)
                self._reap()
            for pid, teller in list(self._tellers.items()):
                if teller in ready:  # nobody writes there: it was closed
                    os.kill(pid, signal.SIGKILL)
                    self._tellers.pop(pid).close()
            if self._orders in ready:
                text, handed, _, _ = socket.recv_fds(self._orders, LIMIT, 4)
                if not text:
                    break
                self._fork(json.loads(text), handed)
        for pid in self._tellers:
            os.kill(pid, signal.SIGKILL)

    def _fork(self, order: dict[str, Any], handed: list[int]) -> None:
        *streams, teller = handed
        importlib.import_module(order["call"].partition(":")[0])  # for all that come later, too
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                signal.signal(signal.SIGINT, signal.default_int_handler)
                for open_one in (self._orders.detach(), self._woken, *(one.detach() for one in self._tellers.values())):
                    os.close(open_one)
                os.set_inheritable(teller, False)
                code = become(order, streams, teller)
            finally:
                os._exit(code)
        for stream in streams:
            os.close(stream)
        self._tellers[pid] = socket.socket(fileno=teller)
        self._tell(self._tellers[pid], pid=pid)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if teller := self._tellers.pop(pid, None):
                self._tell(teller, ended=os.waitstatus_to_exitcode(status))
                teller.close()

    def _tell(self, teller: socket.socket, **event: Any) -> None:
        with contextlib.suppress(OSError):
            teller.sendall(json.dumps(event).encode() + b"\n")


def main() -> None:
    """Serve the orders on standard input."""
    orders = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, and they close the socket
    warm()
    gc.collect()
    gc.freeze()  # the children share these pages
    Programs(orders, woken).run()


if __name__ == "__main__":
    main()
