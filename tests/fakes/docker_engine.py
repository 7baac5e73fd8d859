"""A fake of the Docker engine: a real HTTP server on a unix socket that knows four paths of its API. No Docker is asked."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web


@dataclass
class FakeDocker:
    """Containers by name, and what went on. ``restart`` starts them anew; ``fail`` answers that instead."""

    socket: str
    containers: dict[str, dict[str, Any]] = field(default_factory=dict)
    logs: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    fail: web.Response | None = None
    drop: bool = False  #: restart, then close the connection without an answer
    restarts: int = 0

    def add(self, name: str, *, log: bytes = b"", tty: bool = False, count: int = 0, **state: Any) -> None:
        known = {"Status": "running", "StartedAt": "2030-01-01T00:00:00.123456789Z", "ExitCode": 0, "OOMKilled": False, **state}
        self.containers[name] = {"Id": "ab" * 32, "Name": f"/{name}", "State": known, "Config": {"Tty": tty, "Image": "shop:1"}, "RestartCount": count}
        self.logs[name] = log

    def compose(self, service: str, *, number: int = 1, **more: Any) -> str:
        """Add a container of a service, "project/service", as Compose names and labels it; return its name."""
        project, _, short = service.partition("/")
        name = f"{project}-{short}-{number}"
        self.add(name, **more)
        labels = {"project": project, "service": short, "container-number": str(number), "oneoff": "False"}
        self.containers[name] |= {"Id": f"{len(self.containers):064x}", "Labels": {f"com.docker.compose.{key}": value for key, value in labels.items()}}
        return name

    def named(self, name: str) -> dict[str, Any] | None:
        return next((c for c in self.containers.values() if c["Name"] == f"/{name}" or c["Id"].startswith(name)), None)

    async def list(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        wanted = dict(label.split("=", 1) for label in json.loads(request.query["filters"])["label"])
        return web.json_response([
            {"Id": c["Id"], "Names": [c["Name"]]} for c in self.containers.values() if wanted.items() <= c.get("Labels", {}).items()
        ])  # fmt: skip

    async def inspect(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path_qs}")
        name = request.match_info["name"]
        found = self.named(name)
        if self.fail is not None:
            return web.Response(status=self.fail.status, body=self.fail.body, content_type="application/json")
        if found is None:
            said = json.dumps({"message": f"No such container: {name}"}).encode()
            return web.Response(status=404, body=said, content_type="application/json")
        return web.json_response(found)

    async def log(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path_qs}")
        found = self.named(request.match_info["name"])
        return web.Response(body=self.logs[found["Name"][1:]] if found else b"", content_type="application/vnd.docker.raw-stream")

    async def restart(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path_qs}")
        self.restarts += 1
        found = self.named(request.match_info["name"])
        assert found
        state = found["State"]
        state |= {"StartedAt": f"2030-01-01T01:00:{self.restarts:02}Z", "Status": "running"}
        if self.drop:
            assert request.transport
            request.transport.close()
        return web.Response(status=204)


def framed(*pieces: tuple[int, bytes]) -> bytes:
    """Return pieces (1 stdout, 2 stderr) as the engine streams them."""
    return b"".join(bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data for stream, data in pieces)


@contextlib.asynccontextmanager
async def start_docker(folder: Path) -> AsyncIterator[FakeDocker]:
    """Run it on a socket in this folder."""
    fake = FakeDocker(str(folder / "docker.sock"))
    app = web.Application()
    app.router.add_get("/v1.41/containers/json", fake.list)
    app.router.add_get("/v1.41/containers/{name}/json", fake.inspect)
    app.router.add_get("/v1.41/containers/{name}/logs", fake.log)
    app.router.add_post("/v1.41/containers/{name}/restart", fake.restart)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.UnixSite(runner, fake.socket).start()
        yield fake
    finally:
        await runner.cleanup()
