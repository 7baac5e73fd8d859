# ruff: noqa: INP001 -- the demo's scripts stand beside each other, they are no package
"""Follows one run at the daemon's API and shows what it does, as it does it."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from child import Daemon, DemoError
from screen import Screen

FINAL = frozenset({
    "succeeded", "recovered_itself", "unverified", "observed", "refused", "cancelled", "expired", "failed", "undone",
    "escalated", "unknown",
})  # fmt: skip
_LOOK = 0.05
_ENDS_WITHIN = 30.0
_TITLE = re.compile(r"\d{4}-\d\d-\d\dT")


async def follow(daemon: Daemon, run: str, screen: Screen) -> dict[str, Any]:
    """Show diagnosis, remedy and verification until the run is over; return the run."""
    told = _Told(screen)
    for _ in range(int(_ENDS_WITHIN / _LOOK)):
        shown: dict[str, Any] = await daemon.get(f"/api/v1/runs/{run}")
        told.tell(shown)
        if shown["status"] in FINAL:
            return shown
        await asyncio.sleep(_LOOK)
    raise DemoError(f"the run is still {shown['status']} after {_ENDS_WITHIN:.0f} s: {shown['reason']}")


async def report(daemon: Daemon, run: str) -> list[str]:
    """Return the report that the daemon told on its console about a run that is over."""
    for _ in range(100):
        lines = daemon.console()
        if f"run {run}" in lines:
            end = lines.index(f"run {run}")
            begin = max(place for place, line in enumerate(lines[:end]) if _TITLE.match(line))
            return lines[begin:end]
        await asyncio.sleep(_LOOK)
    raise DemoError("the daemon told no report")


class _Told:
    """What of a run has been shown already."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._keys: set[tuple[str, int]] = set()
        self._phase = ""

    def tell(self, run: dict[str, Any]) -> None:
        entries = [entry for entry in run["journal"] if entry["phase"] in ("diagnose", "act", "verify")]
        for entry in sorted(entries, key=lambda one: one["started_at"]):
            key = (entry["key"], entry["attempt"])
            if entry["finished_at"] is not None and key not in self._keys:
                self._keys.add(key)
                self._begin(entry["phase"], run, entry)
                {"diagnose": self._finding, "act": self._change, "verify": self._sample}[entry["phase"]](run, entry)

    def _begin(self, phase: str, run: dict[str, Any], entry: dict[str, Any]) -> None:
        if phase == self._phase:
            return
        if phase == "act":
            self._choice(run, entry["remedy"])
        self._phase = phase
        verify = run["plan"]["verify"]
        self._screen.step({
            "diagnose": "Diagnosis: look, change nothing",
            "act": "Remedy: the guards let it pass, its intent is stored before it is done",
            "verify": f"Verification: within {verify['within']:.0f} s it must hold, for {verify['hold']:.0f} s",
        }[phase])  # fmt: skip

    def _finding(self, _run: dict[str, Any], entry: dict[str, Any]) -> None:
        said = entry["output"]["value"] if entry["output"] else entry["error"]
        self._screen.good(f"{entry['step']:<10} {entry['action']}  {entry['args']['path']} says {said!r}")

    def _choice(self, run: dict[str, Any], chosen: str) -> None:
        for remedy in run["plan"]["remedies"]:
            if remedy["name"] == chosen:
                self._screen.good(f'chosen: "{chosen}", because {remedy["when"]}')
                return
            self._screen.bad(f'ruled out: "{remedy["name"]}", because {remedy["when"]} does not hold')

    def _change(self, _run: dict[str, Any], entry: dict[str, Any]) -> None:
        args, took = entry["args"], (entry["finished_at"] - entry["started_at"]) / 1e3
        said = f'"{entry["remedy"]}": {entry["action"]} {args["method"]} {args["path"]}'
        if entry["outcome"] == "done":
            self._screen.good(f"{said} → {entry['output']['status']} in {took:.0f} ms")
        else:
            self._screen.bad(f"{said}: {entry['error']}")

    def _sample(self, run: dict[str, Any], entry: dict[str, Any]) -> None:
        changed = max(one["finished_at"] for one in run["journal"] if one["phase"] == "act")
        since, output = (entry["finished_at"] - changed) / 1e6, entry["output"]
        show = {"holds": self._screen.good, "failed": self._screen.bad}.get(output["verdict"], self._screen.wait)
        show(f"{since:.1f} s  {output['reason'].replace('http.probe check1: ', '')}")
