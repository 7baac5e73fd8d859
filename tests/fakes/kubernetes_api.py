"""A pretended API server: real HTTP on loopback, objects that change, controllers, and ways to fail.

    async with FakeKubernetes() as server:
        server.world.workload("deployment", "web")
        server.fail("patch", "deployments", status=429, retry_after=7, times=1)
        kubeconfig = server.kubeconfig(tmp_path)

What it refuses it refuses as the real one does: with a Status and the real server's words.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import web
from fakes.kubernetes_access import REVIEWS, Access, forbidden, review
from fakes.kubernetes_changes import answer
from fakes.kubernetes_looks import Program, Programs, metadata_of, serve_exec
from fakes.kubernetes_patches import PatchError
from fakes.kubernetes_paths import (
    Address,
    NotServedError,
    RefusedError,
    Seen,
    address,
    discovery,
    group,
    missing,
    plural,
    verb_of,
)
from fakes.kubernetes_selectors import SelectorError, fits_fields, fits_labels
from fakes.kubernetes_world import KINDS, VERSIONS, Document, World
from fakes.kubernetes_writes import create, scale_of, write


@dataclass
class Fault:
    """What goes wrong with requests of this verb and resource; an empty verb or resource means any."""

    verb: str
    resource: str
    how: str  #: ``status``, ``hang``, ``drop`` or ``raw``
    applied: bool = False  #: the change is made first
    times: int | None = None
    after: int = 0  #: so many such requests are answered first
    status: int = 500
    retry_after: int | None = None
    message: str = ""
    body: bytes = b""
    media: str = "application/json"


@dataclass
class Log:
    """A container's log: lines with their age in seconds, oldest first."""

    lines: list[tuple[float, str]] = field(default_factory=list)


class FakeKubernetes:
    """The server. ``requests`` holds all that arrived; ``world`` holds the objects."""

    def __init__(self, controllers: str = "instant", token: str = "", page: int = 500, tls: ssl.SSLContext | None = None) -> None:
        self.world = World(controllers)
        self.requests: list[Seen] = []
        self.token = token  #: when set, what requests must bear
        self.tls = tls  #: when set, it is served by HTTPS
        self.page = page  #: the most objects that a list answers with
        self.logs: dict[tuple[str, str, str, bool], Log] = {}
        self.absent: set[str] = set()  #: API groups that are not served
        self.programs: Programs = lambda _argv, _container: Program()  #: what commands in containers do
        self.execs: list[Any] = []  #: commands that were begun: argv, container, query, protocols asked for
        self.access: Access | None = None  #: when set, what its account may do; everything else is forbidden
        self.url = ""
        self._faults: list[Fault] = []
        self._released = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self.tls)
        await site.start()
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._released.set()
        assert self._runner
        await self._runner.cleanup()

    def kubeconfig(self, folder: Path, *, token: str | None = None, context: str = "fake") -> Path:
        """Write a kubeconfig for this server; return its path."""
        bearer = self.token if token is None else token
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": context,
            "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
            "contexts": [{"name": context, "context": {"cluster": "fake", "user": "tester", "namespace": "shop"}}],
            "users": [{"name": "tester", "user": {"token": bearer} if bearer else {}}],
        }  # fmt: skip
        file = folder / "kubeconfig.json"
        file.write_text(json.dumps(config))  # JSON is YAML
        return file

    def log(self, pod: str, *lines: str, container: str = "app", previous: bool = False, ago: float = 0) -> None:
        """Add lines to a container's log; all are ``ago`` seconds old."""
        log = self.logs.setdefault(("shop", pod, container, previous), Log())
        log.lines += [(ago, line) for line in lines]

    # Ways to fail

    def fail(self, verb: str = "", resource: str = "", *, status: int, **more: Any) -> None:
        """Answer with this status (``retry_after``, ``message``, ``times``, ``after``, ``applied``)."""
        self._faults.append(Fault(verb, resource, "status", status=status, **more))

    def hang(self, verb: str = "", resource: str = "", **more: Any) -> None:
        """Do not answer; with ``applied=True`` make the change first."""
        self._faults.append(Fault(verb, resource, "hang", **more))

    def drop(self, verb: str = "", resource: str = "", **more: Any) -> None:
        """Close the connection without an answer; with ``applied=True`` make the change first."""
        self._faults.append(Fault(verb, resource, "drop", **more))

    def answer(self, verb: str = "", resource: str = "", *, body: bytes, status: int = 200, **more: Any) -> None:
        """Answer with these bytes, whatever they are."""
        self._faults.append(Fault(verb, resource, "raw", body=body, status=status, **more))

    def heal(self) -> None:
        """End all faults and let hanging requests go."""
        self._faults.clear()
        self._released.set()
        self._released = asyncio.Event()

    def of(self, method: str, part: str = "") -> list[Seen]:
        """Return the requests of this method whose path holds ``part``."""
        return [seen for seen in self.requests if seen.method == method and part in seen.path]

    # Serving

    async def _serve(self, request: web.Request) -> web.StreamResponse:  # noqa: PLR0911 -- a return a kind of request
        seen = Seen(
            request.method, request.path, dict(request.query), request.content_type, await request.read(),
            request.headers.get("User-Agent", ""), request.headers.get("Accept", ""),
        )  # fmt: skip
        self.requests.append(seen)
        try:
            self._authenticate(request)
            if seen.path.split("/")[2:3] and seen.path.split("/")[2] in self.absent:
                return web.Response(status=404, text="404 page not found\n")
            found = discovery(seen.path)
            if found is not None:
                return web.json_response(found)
            if seen.path == REVIEWS and seen.method == "POST":
                at = Address("selfsubjectaccessreviews", "", "", "")
                if fault := self._fault("create", at):
                    return await self._break(request, fault, "create", at)
                return web.json_response(review(self.access, seen.json), status=201)
            return await self._resource(request, seen, address(seen.path))
        except RefusedError as refused:
            return refused.response()
        except NotServedError:
            return web.Response(status=404, text="404 page not found\n")
        except (SelectorError, PatchError) as error:
            status = getattr(error, "status", 400)
            return RefusedError(status, str(error), **({"reason": ""} if status >= 500 else {})).response()

    def _authenticate(self, request: web.Request) -> None:
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            raise RefusedError(401, "Unauthorized")

    async def _resource(self, request: web.Request, seen: Seen, at: Address) -> web.StreamResponse:
        verb = verb_of(seen.method, seen.query, at)
        if self.access and not self.access.may(verb, group(at), at.full, at.namespace, at.name):
            raise forbidden(self.access, verb, at)
        fault = self._fault(verb, at)
        if fault and not fault.applied:
            return await self._break(request, fault, verb, at)
        if verb == "watch":
            return await self._watch(request, seen, at)
        if at.sub == "exec" and at.key in self.world.objects:
            return await serve_exec(request, self.programs, self.execs, self._released)
        response = self._answer_to(verb, seen, at)
        return await self._break(request, fault, verb, at) if fault else response

    def _answer_to(self, verb: str, seen: Seen, at: Address) -> web.StreamResponse:
        if verb == "list":
            return web.json_response(self._list(seen, at))
        found = answer(self.world, verb, seen, at)
        if found is None and verb == "create":
            found = create(self.world, seen, at), 201
        if found is not None:
            return web.json_response(found[0], status=found[1])
        document = self.world.objects.get(at.key)
        if document is None:
            raise missing(at)
        if at.sub == "log":
            return self._log(seen, at, document)
        if verb == "delete":
            gone = document if seen.query.get("dryRun") == "All" else self.world.remove(at.key)
            details = {"name": at.name, "kind": at.resource, "group": group(at), "uid": gone["metadata"]["uid"]}
            return web.json_response({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                "details": {key: value for key, value in details.items() if value},
            })  # fmt: skip
        if verb == "get":
            shown = scale_of(document) if at.sub == "scale" else copy.deepcopy(document)
            if "PartialObjectMetadata" in seen.accept:
                shown = metadata_of(shown)
            self.world.was_read(at.key)
            return web.json_response(shown)
        return web.json_response(write(self.world, verb, seen, at, document))

    def _fault(self, verb: str, at: Address) -> Fault | None:
        for fault in self._faults:
            if fault.verb in ("", verb) and fault.resource in ("", at.full) and fault.times != 0:
                if fault.after:
                    fault.after -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    async def _break(self, request: web.Request, fault: Fault, verb: str, at: Address) -> web.StreamResponse:
        if fault.how == "hang":
            await self._released.wait()
        if fault.how in ("hang", "drop"):
            if request.transport:
                request.transport.abort()
            return web.Response()
        if fault.how == "raw":
            return web.Response(body=fault.body, status=fault.status, content_type=fault.media)
        forbidden = (
            f'{plural(at)} "{at.name}" is forbidden: User "tester" cannot {verb} resource "{at.full}" '
            f'in API group "{group(at)}" in the namespace "{at.namespace}"'
        )
        message = fault.message or (forbidden if fault.status == 403 else f"the server says {fault.status}")
        raise RefusedError(fault.status, message, retry=fault.retry_after)

    # Reading

    def _list(self, seen: Seen, at: Address) -> Document:
        found = [item for item in self.world.of(at.resource, at.namespace) if _fits(item, seen)]
        try:
            start = int(base64.b64decode(seen.query.get("continue", ""), validate=True) or 0)
        except ValueError as error:
            raise RefusedError(400, f"invalid continue token: continue key is not valid: {error}") from error
        size = min(int(seen.query.get("limit") or self.page), self.page)
        meta: Document = {"resourceVersion": str(self.world.version)}
        if len(found) > start + size:
            meta["continue"] = base64.b64encode(str(start + size).encode()).decode()
            meta["remainingItemCount"] = len(found) - start - size
        items = [
            {key: value for key, value in item.items() if key not in ("kind", "apiVersion")}
            for item in copy.deepcopy(found[start : start + size])
        ]
        return {
            "kind": f"{KINDS[at.resource]}List", "apiVersion": VERSIONS[at.resource], "metadata": meta, "items": items,
        }  # fmt: skip

    async def _watch(self, request: web.Request, seen: Seen, at: Address) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json;stream=watch"})
        await response.prepare(request)
        since = int(seen.query.get("resourceVersion") or 0)
        loop = asyncio.get_running_loop()
        until = loop.time() + float(seen.query.get("timeoutSeconds") or 5)
        if not since:
            for item in self.world.of(at.resource, at.namespace):
                if _fits(item, seen):
                    await _send(response, "ADDED", item)
            since = self.world.version
        while loop.time() < until and not self._released.is_set():
            for version, kind, key, item in self.world.history:
                inside = key[0] == at.resource and at.namespace in ("", key[1])
                if version > since and inside and _fits(item, seen):
                    await _send(response, kind, item)
            since = max(since, self.world.version)
            await asyncio.sleep(0.01)
        return response

    def _log(self, seen: Seen, at: Address, pod: Document) -> web.Response:
        names = [item["name"] for item in pod["spec"]["containers"]]
        asked = seen.query.get("container", "")
        if not asked and len(names) > 1:
            shown = f"[{' '.join(names)}]"
            raise RefusedError(400, f"a container name must be specified for pod {at.name}, choose one of: {shown}")
        name = asked or names[0]
        if name not in names:
            raise RefusedError(400, f"container {name} is not valid for pod {at.name}")
        previous = seen.query.get("previous") == "true"
        log = self.logs.get((at.namespace, at.name, name, previous))
        if previous and log is None:
            raise RefusedError(400, f'previous terminated container "{name}" in pod "{at.name}" not found')
        state: Document = next((s["state"] for s in pod["status"]["containerStatuses"] if s["name"] == name), {})
        if "waiting" in state and not previous and log is None:
            reason = state["waiting"]["reason"]
            raise RefusedError(400, f'container "{name}" in pod "{at.name}" is waiting to start: {reason}')
        lines = log.lines if log else []
        since = seen.query.get("sinceSeconds")
        kept = [line for ago, line in lines if since is None or ago <= int(since)]
        tail = seen.query.get("tailLines")
        kept = kept[max(len(kept) - int(tail), 0) :] if tail is not None else kept
        body = "".join(f"{line}\n" for line in kept).encode("utf-8", "surrogateescape")
        return web.Response(body=body[: int(seen.query.get("limitBytes") or len(body))], content_type="text/plain")


def _fits(item: Document, seen: Seen) -> bool:
    return fits_labels(item, seen.query.get("labelSelector", "")) and fits_fields(
        item, seen.query.get("fieldSelector", "")
    )


async def _send(response: web.StreamResponse, kind: str, item: Document) -> None:
    await response.write(json.dumps({"type": kind, "object": item}).encode() + b"\n")
