"""A shipped pack in the real daemon, wired as `remediator serve` wires it, in this process.

    async with site.running("z2-platform", params={"database": "default"}, connections={...}) as daemon:
        run = await daemon.alert(alertname="Z2PoolExhausted", severity="critical", platform="z2")
        shown = await daemon.ends(run, "succeeded")
        assert "end idle connections" in await daemon.report(run)

The pack is the shipped file with the files that it includes. Three things differ, so that a scenario is quick and
meets the test's backends: ``params`` go over what the pack has under ``defaults: with``; waiting is shortened
(``hurried``); what the site may change and connect to is the scenario's.

A module of scenarios says which rows it is about and what its backends were; docs/guides.md is made from that:

    ROWS = ("Z2-3",)
    BACKENDS = {"postgres": "real", "kubernetes": "fake"}
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import json
import pickle
import signal
import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web
from e2e.daemon import FINAL, notification

from remediator.app.wiring import Options, serve

RULES = Path(__file__).parents[2] / "rules"
_STARTS_WITHIN = 30.0
_LOOK = 0.04
Document = dict[str, Any]


class _Loader(yaml.CSafeLoader):
    """YAML 1.2's booleans, as the daemon reads them: on is a word."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in known if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
    for first, known in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


MEASURING = frozenset({"host.check", "host.cpu", "host.processes"})  #: CPU time over a while


@functools.cache
def _shipped(source: Path) -> bytes:
    """Return a shipped file's document, pickled: unpickling is faster than reading or copying it."""
    return pickle.dumps(yaml.load(source.read_text(), _Loader))


@dataclass
class Daemon:
    """A running daemon, and what a person or Alertmanager asks of it."""

    home: Path
    url: str
    session: aiohttp.ClientSession
    console: io.StringIO = field(default_factory=io.StringIO)  #: what it told people

    async def alert(self, *, over: bool = False, **labels: str) -> str:
        """Post one alert as Alertmanager does; return the id of the run that it started, or ""."""
        runs = await self.alerts(labels, over=over)
        return runs[0] if runs else ""

    async def alerts(self, *labels: Mapping[str, str], over: bool = False) -> list[str]:
        """Post these alerts in one notification; return the runs that they started."""
        headers = {"Content-Type": "application/json", "User-Agent": "Alertmanager/0.28.1"}
        body = notification(list(labels), over=over)
        async with self.session.post(self.url + "/api/v1/alertmanager", data=body, headers=headers) as answer:
            text = await answer.text()
            assert answer.status == 202, text
            return list(json.loads(text)["runs"])

    async def api(self, path: str, document: Any = None) -> Any:
        """Ask the operator's API: GET, or POST when there is a document."""
        method = "GET" if document is None else "POST"
        async with self.session.request(method, f"{self.url}/api/v1/{path}", json=document) as answer:
            text = await answer.text()
            assert answer.status == 200, (path, answer.status, text)
            return json.loads(text) if "json" in answer.content_type else text

    async def reaches(self, run: str, *statuses: str, within: float = 20.0) -> Document:
        """Wait until a run has one of these statuses; fail if it ends otherwise. Return it as the API shows it."""
        shown: Document = {}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while True:
                    shown = await self.api(f"runs/{run}")
                    if shown["status"] in statuses:
                        return shown
                    if shown["status"] in FINAL:
                        break
                    await asyncio.sleep(_LOOK)
        said = await self.report(run)
        raise AssertionError(f"run {run} is {shown.get('status')}, not {statuses}: {shown.get('reason')}\n{said}")

    async def ends(self, run: str, status: str, within: float = 20.0) -> Document:
        """Wait until a run is over; it must end so."""
        return await self.reaches(run, status, within=within)

    async def approve(self, run: str, who: str = "anna", reason: str = "agreed", within: float = 20.0) -> Document:
        """Wait until a run asks, look at what it shows, and approve that. Return it as it asked."""
        asked = await self.reaches(run, "awaiting_approval", within=within)
        await self.api(f"runs/{run}/approve", {"who": who, "reason": reason})
        return asked

    async def refuse(self, run: str, who: str = "anna", reason: str = "not now") -> Document:
        """Wait until a run asks, and refuse. Return it as it asked."""
        asked = await self.reaches(run, "awaiting_approval")
        await self.api(f"runs/{run}/refuse", {"who": who, "reason": reason})
        return asked

    async def report(self, run: str) -> str:
        """Return the run's report as Markdown."""
        text: str = await self.api(f"runs/{run}?format=markdown")
        return text


@dataclass(frozen=True)
class Site:
    """A folder in which packs are made ready and daemons run."""

    home: Path

    @contextlib.asynccontextmanager
    async def running(
        self,
        pack: str | Document,
        *,
        params: Mapping[str, Any] | None = None,
        connections: Mapping[str, Mapping[str, Any]] | None = None,
        allow: Sequence[str] = ("**",),
        edit: Callable[[Document], None] | None = None,
        **config: Any,
    ) -> AsyncIterator[Daemon]:
        """Run the daemon with this pack (its name, or a document of the test's own) until the end of the block.

        ``params`` go over ``defaults: with`` of the pack; ``connections``: by system and name, as in the daemon's
        configuration; ``edit`` may change the pack's document further; ``config`` goes over the daemon's settings.
        """
        # Tests make errors of warnings; in the daemon's own process this one is none.
        warnings.filterwarnings("ignore", category=web.NotAppKeyWarning)
        rules = self.pack(pack, params or {}, edit)
        settings: Document = {
            "max_mode": "auto", "rules": [str(rules.relative_to(self.home))], "watch_rules": False, "drain": "1s",
            "allow": {"targets": list(allow)}, "store": {"path": "data/remediator.db"},
            # One thing is broken again and again here; that is not what these guards are for.
            "limits": {"loop_guard": "0s", "stale": "0s", "flapping": None} | config.pop("limits", {}),
            "connections": {system: dict(named) for system, named in (connections or {}).items()},
        }  # fmt: skip
        (self.home / "remediator.yml").write_text(yaml.safe_dump(settings | config, sort_keys=False))
        ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        console = io.StringIO()
        options = Options(self.home / "remediator.yml", "127.0.0.1:0", log_level="warning", log_style="json")
        with contextlib.redirect_stdout(console):
            task = asyncio.create_task(serve(options, on_ready=ready.set_result))
            await asyncio.wait({task, ready}, timeout=_STARTS_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()  # raises why it did not start
        timeout = aiohttp.ClientTimeout(total=15)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            try:
                yield Daemon(self.home, f"http://127.0.0.1:{ready.result()}", session, console)
            finally:
                if not task.done():
                    signal.raise_signal(signal.SIGTERM)  # its own handler takes it
                assert await asyncio.wait_for(task, 10) == 0

    def pack(
        self, pack: str | Document, params: Mapping[str, Any], edit: Callable[[Document], None] | None = None
    ) -> Path:
        """Write a pack, hurried and with these parameters, and what it includes; return its path."""
        if isinstance(pack, str):
            return self._write(RULES / f"{pack}.yaml", params, edit)
        return self._ready(pack, RULES / "own.yaml", params, edit)

    def _write(self, source: Path, params: Mapping[str, Any], edit: Callable[[Document], None] | None) -> Path:
        document: Document = pickle.loads(_shipped(source))
        for included in document.get("include", ()):
            self._write((source.parent / included).resolve(), {}, None)
        return self._ready(document, source, params, edit)

    def _ready(
        self, document: Document, source: Path, params: Mapping[str, Any], edit: Callable[[Document], None] | None
    ) -> Path:
        if params:
            document.setdefault("defaults", {}).setdefault("with", {}).update(params)
        hurried(document)
        if edit:
            edit(document)
        target = self.home / "rules" / source.relative_to(RULES)
        target.parent.mkdir(parents=True, exist_ok=True)
        # JSON is YAML, and many times as fast to write.
        target.write_text(json.dumps(document, ensure_ascii=False, indent=1, default=str))
        return target

    def file(self, name: str, text: str) -> str:
        """Write a small file, such as a secret; return its absolute path."""
        path = self.home / name
        path.write_text(text)
        return str(path)


def hurried(document: Document) -> None:
    """Shorten all waiting of a rule file: nothing else about its rules and guides is changed.

    Verification looks every 100ms, for 5s, and holding means 200ms; ``for`` of rules is 0s; queries of
    Prometheus count at once (``settle: 0s``), since a pretended one knows no past; CPU time is measured over 300ms.
    """
    for rule in document.get("rules") or ():
        if "for" in rule:
            rule["for"] = "0s"
    for guide in (document.get("guides") or {}).values():
        verify = guide.get("verify")
        if verify:
            verify |= {"interval": "100ms", "within": "5s"}
            if "hold" in verify:
                verify["hold"] = "200ms"
            for step in (*verify.get("all", ()), *verify.get("any", ())):
                if "prometheus.query" in step:
                    step["prometheus.query"]["settle"] = "0s"
        for step in _steps(guide):
            for action in MEASURING & step.keys():
                step[action]["over"] = "300ms"


def _steps(guide: Document) -> Iterator[Document]:
    yield from guide.get("diagnose") or ()
    for remedy in guide.get("remedies") or ():
        yield from remedy.get("steps") or ()
