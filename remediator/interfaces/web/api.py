"""The operator's API: what ``remediator runs``, ``pause``, ``breakers`` speak to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError

from remediator.core.durations import SECOND
from remediator.core.guards import Pause
from remediator.core.reporting import Telling
from remediator.core.transitions import Status
from remediator.engine.clock import Clock, new_id
from remediator.engine.work import Site
from remediator.errors import ConflictError, ContradictionError, NotFoundError, QueryError, StoreError
from remediator.interfaces.markdown import to_markdown
from remediator.interfaces.report import compose
from remediator.interfaces.web.answers import BROKEN_OFF, answer, broken_off, problem
from remediator.interfaces.web.asking import ExplainWish, explained
from remediator.interfaces.web.bodies import WISHES, LevelWish, Named, PauseWish, Reason, UndoWish
from remediator.interfaces.web.pausing import holding, warning
from remediator.interfaces.web.queries import limit_of, number_of, one_of
from remediator.store import audit, control, evidence, inbox, journal, listing, outbox, storms, undo
from remediator.store.sqlite import Tx, Unit

AUDIT_PAGE = 2000  #: entries read at a time
TOLD = frozenset({"settle", "pause", "resume", "acknowledge"})  #: verbs after which people read how a run stands
NEWEST = 2**62  #: an id behind every entry's

B = TypeVar("B", bound=BaseModel)
T = TypeVar("T")


class Storing(Protocol):
    """The store, as the API needs it."""

    def do(self, unit: Unit[T]) -> Awaitable[T]:
        """Write."""

    def read(self, unit: Unit[T]) -> Awaitable[T]:
        """Read."""


class Api:
    """Lists, shows and changes runs, pauses and breakers. Who may is decided before these are called."""

    def __init__(
        self, store: Storing, clock: Clock, wake: Callable[..., None], cancel: Callable[[str], None],
        set_level: Callable[[str], str], reporters: tuple[str, ...] = (), on_told: Callable[[], None] = lambda: None,
        take_up: Callable[[undo.Made], None] = lambda _: None, paused: Callable[[], tuple[Pause, ...]] = tuple,
        site: Callable[[], Site] = Site,
    ) -> None:  # fmt: skip
        self._store, self._clock, self._wake, self._cancel, self._set_level = store, clock, wake, cancel, set_level
        self._reporters, self._on_told = reporters, on_told
        self._take_up, self._paused, self._site = take_up, paused, site

    def routes(self) -> list[web.RouteDef]:
        """Return the API's routes."""
        return [
            web.get("/api/v1/runs", self.runs),
            web.get("/api/v1/runs/{run}", self.run),
            web.post(
                "/api/v1/runs/{run}/{verb:approve|refuse|pause|resume|cancel|settle|undo|acknowledge}", self.change_run
            ),
            web.get("/api/v1/decisions", self.decisions),
            web.post("/api/v1/explain", self.explain),
            web.get("/api/v1/rules", self.rules),
            web.get("/api/v1/rules/stats", self.stats),
            web.get("/api/v1/audit", self.audit),
            web.get("/api/v1/pauses", self.pauses),
            web.post("/api/v1/pause", self.pause),
            web.post("/api/v1/resume", self.resume),
            web.get("/api/v1/storms", self.storms),
            web.get("/api/v1/breakers", self.breakers),
            web.post("/api/v1/breakers/reset", self.reset),
            web.post("/api/v1/log-level", self.level),
        ]

    async def runs(self, request: web.Request) -> web.Response:
        """List runs, newest first; ``?status=open&rule=&target=&storm=&limit=``."""
        asked = request.query
        status, most = one_of(asked, "status", ("open", *Status)), limit_of(asked, 50)
        rule, target, storm = (asked.get(name, "") for name in ("rule", "target", "storm"))
        return answer(await self._store.read(lambda tx: listing.runs(tx, status, rule, target, most, storm)))

    async def run(self, request: web.Request) -> web.Response:
        """Show one run; ``?format=markdown`` for the report. Part of an id is enough when it is unique."""
        run = await self._one(request.match_info["run"])
        view = await self._store.read(lambda tx: journal.view(tx, run))
        if one_of(request.query, "format", ("markdown", "json")) == "markdown":
            return web.Response(text=to_markdown(compose(view)), content_type="text/markdown")
        return answer(journal.document(view))

    async def change_run(self, request: web.Request) -> web.Response:
        """Approve, refuse, pause, resume, cancel, undo, acknowledge or settle a run."""
        run, verb = await self._one(request.match_info["run"]), request.match_info["verb"]
        wish = await _read(request, WISHES.get(verb, Reason))
        who, now = _who(request, wish.who), self._clock.now()
        if isinstance(wish, UndoWish):
            return await self._undo(run, who, wish, now)
        units: dict[str, Unit[list[str]]] = {
            "approve": lambda tx: control.approve(tx, run, who, wish.reason, wish.shown, now, known=_is_known(request)),
            "refuse": lambda tx: control.refuse(tx, run, who, wish.reason, now),
            "pause": lambda tx: control.pause_run(tx, run, who, wish.reason, now),
            "resume": lambda tx: control.resume_run(tx, run, who, wish.reason, now),
            "cancel": lambda tx: control.cancel(tx, run, who, wish.reason, now, take_back=getattr(wish, "undo", False)),
            "acknowledge": lambda tx: control.acknowledge(tx, run, who, wish.reason, now),
            "settle": lambda tx: control.settle(
                tx, run, who, wish.reason, happened=getattr(wish, "happened", False), now=now
            ),
        }

        def unit(tx: Tx) -> tuple[list[str], list[undo.Made]]:
            woken, made = units[verb](tx), []
            if verb in TOLD:  # it stands so by a person's word: people hear of it
                outbox.tell(tx, self._reporters, run, Telling.MESSAGE, "", now)
            if verb == "settle":
                made = undo.when_its_time_is_over(tx, journal.load(tx, run)[0], now, new_id)
            return woken, made

        woken, timed = await self._store.do(unit)
        for made in timed:
            self._take_up(made)
        self._wake(run, *woken)
        self._on_told()
        if verb == "cancel":
            self._cancel(run)
        return answer({"status": "done", "run": run})

    async def _undo(self, run: str, who: str, wish: UndoWish, now: int) -> web.Response:
        """Start a run that takes this one back, or a part of it."""

        def unit(tx: Tx) -> tuple[undo.Made, ...]:
            made = undo.asked_for(tx, run, who, wish.reason, now, new_id, wish.part)
            words = f" ({wish.part.words})" if wish.part.words else ""
            audit.append(tx, who, "undo", run, f"by run {made[0].run}{words}: {wish.reason}", now)
            return made

        made = await self._store.do(unit)
        for one in made:
            self._take_up(one)
        return answer({"status": "begun", "run": made[0].run})

    async def decisions(self, request: web.Request) -> web.Response:
        """List decisions, newest first; ``?verdict=refused``."""
        verdict, most = one_of(request.query, "verdict", inbox.VERDICTS), limit_of(request.query, 50)
        return answer(await self._store.read(lambda tx: listing.decisions(tx, verdict, most)))

    async def explain(self, request: web.Request) -> web.Response:
        """Say what would come of an alert, a run or an episode now. It only reads; the body may be long."""
        wish = await _read(request, ExplainWish)
        run, site, now = (await self._one(wish.run) if wish.run else ""), self._site(), self._clock.now()
        return answer(await self._store.read(lambda tx: explained(tx, site, wish, run, now)))

    async def rules(self, _request: web.Request) -> web.Response:
        """List the rules that count now, in their order."""
        table = self._site().table
        return answer([{"rule": one.name, "mode": one.text.mode, "file": one.file} for one in table.rules])

    async def stats(self, request: web.Request) -> web.Response:
        """Say what came of each rule's runs since ``?since=`` (microseconds since 1970)."""
        since, table = number_of(request.query, "since"), self._site().table
        found = await self._store.read(lambda tx: evidence.read(tx, since))
        return answer(evidence.document(table, found))

    async def audit(self, request: web.Request) -> web.StreamResponse:
        """List what people did, newest first; ``?format=jsonl&after=ID&since=AT`` streams decisions and changes too.

        Who has read to the entry with the id ``before`` (of the list) or ``after`` (of the stream) goes on from there.
        """
        asked = request.query
        if one_of(asked, "format", ("jsonl",)):
            return await self._audit_lines(request, number_of(asked, "after"), number_of(asked, "since"))
        most, before = limit_of(asked, 100), number_of(asked, "before") or NEWEST
        return answer(await self._store.read(lambda tx: audit.people(tx, before, most)))

    async def _audit_lines(self, request: web.Request, after: int, since: int) -> web.StreamResponse:
        """In the order of writing, a line an entry, page by page: the whole of it is never in memory."""
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        seen = after
        while entries := await self._store.read(partial(audit.page, after=seen, most=AUDIT_PAGE, since=since)):
            await response.write(b"".join(orjson.dumps(entry) + b"\n" for entry in entries))
            seen = entries[-1]["id"]
        await response.write_eof()
        return response

    async def pauses(self, _request: web.Request) -> web.Response:
        """List the pauses that hold."""
        found = await self._store.read(control.all_pauses)
        return answer(holding((*self._paused(), *found), self._clock.now()))

    async def pause(self, request: web.Request) -> web.Response:
        """Pause everything, a rule, or a place. ``warning``: what may be wrong with the scope."""
        wish = await _read(request, PauseWish)
        now = self._clock.now()
        until = None if wish.duration is None else now + int(wish.duration * SECOND)
        who = _who(request, wish.who)
        said = (wish.scope, who, wish.reason, until, now)
        self._wake(*await self._store.do(lambda tx: control.pause(tx, *said, kind=wish.kind)))
        doubt = warning(wish.scope, self._site().table)
        return answer({"status": "paused", "scope": wish.scope, "until": until, "warning": doubt})

    async def resume(self, request: web.Request) -> web.Response:
        """Lift a pause."""
        wish = await _read(request, Named)
        now, who = self._clock.now(), _who(request, wish.who)
        self._wake(*await self._store.do(lambda tx: control.resume(tx, wish.name, who, now)))
        return answer({"status": "resumed", "scope": wish.name})

    async def storms(self, _request: web.Request) -> web.Response:
        """List storms: what holds, since when, how many alerts, until when."""
        found = await self._store.read(storms.everything)
        now = self._clock.now()
        return answer([
            {"scope": s.scope, "since": s.since, "until": s.until, "episodes": s.episodes}
            for s in found if s.until is None or s.until > now
        ])  # fmt: skip

    async def breakers(self, _request: web.Request) -> web.Response:
        """List breakers: state, failures, error rate, seconds until retry."""
        now = self._clock.now()
        found = await self._store.read(listing.breakers)
        return answer([
            {"key": b.key, "state": b.at(now).state, "failures": b.failures, "error_rate": round(b.error_rate, 4),
             "total": b.total, "retry_in_s": b.retry_in(now), "trials": b.at(now).trials, "updated_at": b.updated_at}
            for b in found
        ])  # fmt: skip

    async def reset(self, request: web.Request) -> web.Response:
        """Close a breaker by hand."""
        wish = await _read(request, Named)
        now, who = self._clock.now(), _who(request, wish.who)
        self._wake(*await self._store.do(lambda tx: control.reset_breaker(tx, wish.name, who, now)))
        return answer({"status": "reset", "key": wish.name})

    async def level(self, request: web.Request) -> web.Response:
        """Change the log level while running."""
        wish = await _read(request, LevelWish)
        who, now = _who(request, wish.who), self._clock.now()
        was = self._set_level(wish.level)
        await self._store.do(
            lambda tx: audit.append(tx, who, "log level", "daemon", "", now, before=was, after=wish.level)
        )
        return answer({"status": "set", "level": wish.level})

    async def _one(self, part: str) -> str:
        found = await self._store.read(lambda tx: listing.find_run(tx, part)) if part else []
        if len(found) != 1:
            raise NotFoundError(
                f'"{part}" names {len(found) or "no"} run{"s" if len(found) > 1 else ""}; remediator runs list'
            )
        return found[0]


async def _read(request: web.Request, model: type[B]) -> B:
    # A browser cannot be made to send this type to us from another page without asking first.
    if request.content_type != "application/json":
        raise ConflictError("send the body as application/json")
    try:
        return model.model_validate_json(await request.read())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ConflictError(
            f"{'.'.join(map(str, first['loc']))}: {first['msg'].removeprefix('Value error, ')}"
        ) from error


def _who(request: web.Request, said: str) -> str:
    caller: str = request.get("caller", "anonymous")
    return said or caller if caller == "anonymous" else caller


def _is_known(request: web.Request) -> bool:
    return bool(request.get("caller", "anonymous") != "anonymous")


_CODES = {
    NotFoundError: (404, "Not Found"),
    ConflictError: (409, "Conflict"),
    ContradictionError: (500, "The store contradicts itself"),
    StoreError: (503, "The store refuses"),
}  #: of an error the first that it is


async def translated(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]], request: web.Request
) -> web.StreamResponse:
    """Call a handler; our errors become problem documents."""
    try:
        return await handler(request)
    except QueryError as error:
        return problem(400, "Bad Request", error.message, field=error.field)
    except (NotFoundError, ConflictError, StoreError) as error:
        status, title = next(said for kind, said in _CODES.items() if isinstance(error, kind))
        return problem(status, title, str(error))
    except BROKEN_OFF:
        return broken_off()
