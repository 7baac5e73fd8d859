# ruff: noqa: INP001 -- the demo's scripts stand beside each other, they are no package
"""``make demo``: a service breaks, an alert comes, remediator heals it and proves that it did.

The service is real (demo/checkout.py), the daemon is real (demo/remediator.yml, demo/rules/), and the
alert (demo/alert.json) is posted as Alertmanager posts it. Nothing is left behind.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import signal
import socket
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from checkout import Checkout
from child import HERE, Daemon, DemoError, start_daemon, write_configuration
from screen import Screen
from story import follow, report

SERVICE_PORT, DAEMON_PORT = 8099, 9095
_LOG_LINES = 15
_ACCEPTED = 202


async def play(options: argparse.Namespace, home: Path, screen: Screen) -> None:
    """Play the demo once; with ``--keep`` stay until Ctrl-C. Raises DemoError when it does not end as it should."""
    keep = options.keep
    screen.title("remediator: an alert becomes a verified remedy")
    screen.step("Start a service, and the daemon")
    async with Checkout(_port(SERVICE_PORT, keep=keep), stubborn=options.stubborn) as service:
        screen.good(f"checkout is healthy at {service.url} (demo/checkout.py)")
        config = write_configuration(home, service.url)
        began = time.monotonic()
        async with start_daemon(home, config, _port(DAEMON_PORT, keep=keep)) as daemon:
            screen.good(f"remediator is ready at {daemon.url} after {time.monotonic() - began:.1f} s")
            screen.note("Its configuration is demo/remediator.yml, its one rule is in demo/rules/demo.yaml.")
            await once(service, daemon, screen)
            if keep:
                await stay(service, daemon, screen)


async def once(service: Checkout, daemon: Daemon, screen: Screen) -> None:
    """Break the service, send the alert, show the run to its end, send "resolved"."""
    screen.step("Break the service")
    await show_broken(service, screen)

    screen.step("Send the alert, as Alertmanager does")
    run = await send(daemon, screen, "firing")
    if not run:
        raise DemoError("the alert started no run", "Does the rule in demo/rules/demo.yaml still match it?")
    shown = await follow(daemon, run, screen)

    screen.step("Report: the same goes to Slack, when it is configured")
    screen.quote(await report(daemon, run))
    if shown["status"] != "succeeded":
        hint = "The report above says what was tried and what was seen; demo/rules/demo.yaml says what should be done."
        raise DemoError(f"the run is {shown['status']}, not succeeded", hint)
    if not service.healthy:
        raise DemoError("the run succeeded, but the service is not healthy")

    screen.step("Send that the alert has resolved")
    await send(daemon, screen, "resolved")
    took = (shown["finished_at"] - shown["created_at"]) / 1e6
    screen.plain("")
    screen.good(f"{took:.1f} s after the alert the service is healthy again, and that is verified.")


async def show_broken(service: Checkout, screen: Screen) -> None:
    """Break the service and show that it really is broken."""
    async with aiohttp.ClientSession() as session:
        await session.post(f"{service.url}/admin/break")
        for method, path in (("POST", "/orders"), ("GET", "/health")):
            async with session.request(method, service.url + path) as answer:
                screen.bad(f"{method} {path} → {answer.status} {await answer.text()}")


async def send(daemon: Daemon, screen: Screen, status: str) -> str:
    """Post demo/alert.json, as of now; return the run that it started, or ""."""
    notification = made_now(json.loads((HERE / "alert.json").read_text()), status)
    [alert] = notification["alerts"]
    labels = ", ".join(f'{name}="{value}"' for name, value in alert["labels"].items() if name != "alertname")
    screen.plain(f"   POST /api/v1/alertmanager  {status}: {alert['labels']['alertname']}")
    screen.note(f"{{{labels}}}")
    code, answer = await daemon.post("/api/v1/alertmanager", notification)
    if code != _ACCEPTED:
        raise DemoError(f"the daemon answered {code}: {answer}")
    run = str(answer["runs"][0]) if answer["runs"] else ""
    screen.good("202 accepted: stored before it was answered" + (f"; run {run}" if run else ""))
    return run


def made_now(notification: dict[str, Any], status: str) -> dict[str, Any]:
    """Return the notification with this status and the times of now."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")  # noqa: TID251 -- the sender's clock, not the daemon's
    [alert] = notification["alerts"]
    times = {"startsAt": now} | ({"endsAt": now} if status == "resolved" else {})
    return notification | {"status": status, "alerts": [alert | {"status": status} | times]}


async def stay(service: Checkout, daemon: Daemon, screen: Screen) -> None:
    """Keep both up; whenever somebody breaks the service, send the alert, and show the daemon's console."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    screen.step("Both stay up until Ctrl-C. To try, in another terminal:")
    screen.plain(*hints(service.url, daemon.url))
    seen, firing = len(daemon.console()), False
    while not stop.is_set():
        if daemon.process.returncode is not None:
            raise DemoError("the daemon has ended")
        if service.healthy is firing:
            firing = not firing
            await send(daemon, screen, "firing" if firing else "resolved")
        lines = daemon.console()
        screen.quote(lines[seen:])
        seen = len(lines)
        # Longer than the grace: an alert that comes back sooner is the same trouble.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 2)


def hints(service: str, daemon: str) -> list[str]:
    """Return commands worth trying."""
    where = [] if daemon.endswith(f":{DAEMON_PORT}") else [f"export REMEDIATOR_URL={daemon}", ""]
    told = [
        ". .venv/bin/activate", *where, "",
        "# Break the service; the alert comes by itself.", f"curl -X POST {service}/admin/break", "",
        "# What ran, newest first; one run's whole report.",
        "remediator runs list", "remediator runs show RUN --markdown", "",
        "# The kill switch: pause, break the service, see the run held, resume.",
        'remediator pause --reason "let me look"', "remediator resume", "",
        '# Write "mode: ask" into demo/rules/demo.yaml; a mistake keeps the old rules.',
        f"curl -X POST {daemon}/-/reload", 'remediator runs approve RUN --reason "go"', "",
        "# How it is.", f"curl {daemon}/health", f"curl {daemon}/metrics", "remediator breakers list", "",
    ]  # fmt: skip
    return [f"   {line}".rstrip() for line in told]


def _port(preferred: int, *, keep: bool) -> int:
    """Return 0, any free port; with ``keep`` the preferred one, if it is free."""
    if not keep:
        return 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", preferred))
        except OSError:
            return 0
    return preferred


def explain(error: DemoError, home: Path, screen: Screen) -> None:
    """Say what went wrong, with the end of the daemon's log."""
    screen.plain("")
    screen.bad(f"The demo did not end as it should: {error}")
    log = home / "daemon.log"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    screen.plain("", f"The daemon's log ends so (all of it: {log}):", *lines[-_LOG_LINES:])
    if error.hint:
        screen.plain("")
        screen.note(error.hint)


async def run(options: argparse.Namespace) -> int:
    """Play, then clean up. Return the exit code."""
    screen = Screen(sys.stdout)
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 -- a coroutine runs in a task
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    home = Path(tempfile.mkdtemp(prefix="remediator-demo-"))
    try:
        await play(options, home, screen)
    except DemoError as error:
        explain(error, home, screen)
        return 1
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    shutil.rmtree(home, ignore_errors=True)
    return 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="keep both up afterwards, with hints what to try")
    parser.add_argument("--stubborn", action="store_true", help="let the remedy not help: see how people are called")
    options = parser.parse_args()
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors="replace")  # a stream that knows no ✓ gets a question mark, not an error
    try:
        return asyncio.run(run(options))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130


if __name__ == "__main__":
    sys.exit(main())
