"""Changing fields of one object: what all such actions share.

An action says what shall stand where (``wanted``); here is how that is shown, done once, found out
about and undone. Every patch bears the resourceVersion that was read: if anybody wrote in between,
the server answers 409 and nothing happened (what controllers write to its status is not meant).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct
from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import STRATEGIC_PATCH, Api, open_api
from remediator.actions.kubernetes.difference import difference
from remediator.actions.kubernetes.documents import Document, clean, flag, number, text
from remediator.actions.kubernetes.places import TEMPLATE, Fields, Place, patch_for, same, value_at
from remediator.actions.kubernetes.workloads import strategy_of
from remediator.actions.kubernetes.writing import patch_as_read
from remediator.core.action import Intent, Outputs, Parameters
from remediator.errors import PermanentError

_MOST_FIELDS = 2000


class EditOutputs(Outputs):
    """What became of it."""

    changed: bool = Field(description="False when all of it was so already.")
    generation: int = Field(description="Number of the object's specification after the change; 0 where it has none.")
    replaces_pods: bool = Field(description="Whether the pod template changed, so that the workload's pods restart.")


P = TypeVar("P", bound=Parameters)


def _as_it_is(parameters: Any, _found: Document) -> Any:
    return parameters


def _no_objection(_parameters: Any, _found: Document) -> None:
    return None


def _nothing_hidden(_place: Place, _value: Any) -> bool:
    return False


async def _nothing_found(_api: Api, _found: Document, _answer: Document) -> list[str]:
    return []


def _no_names(_parameters: Any) -> tuple[str, ...]:
    return ()


class Edit(Struct, Generic[P], frozen=True, kw_only=True):
    """One kind of change. Its methods are an action's ``perform``, ``resolve``, ``happened``, ``preview``, ``undo``."""

    path: Callable[[P], str]
    title: Callable[[P], str]  #: how the object is called in a diff and in errors
    wanted: Callable[[P, Document], Fields]  #: what shall stand where; PermanentError when that cannot be
    caution: Callable[[P, Document], str]
    media: str = STRATEGIC_PATCH
    fix: Callable[[P, Document], P] = _as_it_is  #: makes relative parameters absolute
    objection: Callable[[P, Document], None] = _no_objection  #: raises PermanentError before a change, not before undo
    hides: Callable[[Place, Any], bool] = _nothing_hidden  #: whether the value there must not be written down
    marks: Callable[[Api, P, Document], Awaitable[str]] | None = None  #: where hidden values are found again later
    recalls: Callable[[Api, P, Document, str], Awaitable[Document]] | None = None  #: the object that has them
    shown: Callable[[P], Collection[str]] = _no_names  #: variables whose values the diff may show
    #: What the dry run does not tell, in sentences, of the object as it is and as it would be.
    findings: Callable[[Api, Document, Document], Awaitable[list[str]]] = _nothing_found

    async def perform(self, p: P, context: Context) -> EditOutputs:
        """Make the change; does nothing when it is made already."""
        api, found = await self._read(p, context)
        fixed = self.fix(p, found)
        fields = _changes(found, self.wanted(fixed, found))
        if fields:
            self.objection(fixed, found)
        return await self._write(api, p, found, fields)

    async def resolve(self, p: P, context: Context) -> Intent[P]:
        """Make it absolute and record what stands where it will be changed."""
        api, found = await self._read(p, context)
        fixed = self.fix(p, found)
        fields = _changes(found, self.wanted(fixed, found))
        if fields:
            self.objection(fixed, found)
        kept = [self._kept(place, value_at(found, place)) for place in fields]
        before: dict[str, Any] = {"fields": kept}
        if self.marks and any("hidden" in item for item in kept):
            before["revision"] = await self.marks(api, fixed, found)
        return Intent(fixed, before)

    async def happened(self, intent: Intent[P], context: Context) -> bool | None:
        """Whether all of it is as we wanted; None when it is neither that nor as it was before."""
        api, found = await self._read(intent.parameters, context)
        if not _changes(found, self.wanted(intent.parameters, found)):
            return True
        earlier = await self._earlier(api, intent, found)
        return None if _changes(found, earlier) else False

    async def preview(self, p: P, context: Context) -> str:
        """Show what would change, by the server's dry run, and whether pods restart."""
        api, found = await self._read(p, context)
        fixed = self.fix(p, found)
        fields = _changes(found, self.wanted(fixed, found))
        if not fields:
            return f"{self.title(p)}: nothing would change"
        self.objection(fixed, found)
        answer = await patch_as_read(
            api, self.path(p), found, lambda now: _patch(now, fields), self.media, dry_run=True
        )
        shown = difference(self.title(p), found, answer, shown=self.shown(p))
        more = [consequence(found)] if _touches_pods(fields) else []
        return "\n".join([shown, *more, *await self.findings(api, found, answer)])

    async def warn(self, p: P, context: Context) -> str:
        """Say why a person should decide; nothing when there is nothing to change."""
        _, found = await self._read(p, context)
        fixed = self.fix(p, found)
        return self.caution(p, found) if _changes(found, self.wanted(fixed, found)) else ""

    async def undo(self, intent: Intent[P], context: Context) -> EditOutputs:
        """Put back what was there, if each place still holds what we wrote; else PermanentError."""
        p = intent.parameters
        api, found = await self._read(p, context)
        wanted = self.wanted(p, found)
        fields = _changes(found, await self._earlier(api, intent, found))
        for place in fields:
            if place not in wanted or not same(place, value_at(found, place), wanted[place]):
                shown = clean(".".join(place), 300)
                raise PermanentError(f"{self.title(p)}: {shown} is not what we set; somebody changed it")
        return await self._write(api, p, found, fields)

    async def _read(self, p: P, context: Context) -> tuple[Api, Document]:
        connection: Any = p
        api = await open_api(context, connection.connection)
        found = await api.get(self.path(p))
        if not text(found, "metadata", "resourceVersion"):
            raise PermanentError(f"GET {self.path(p)}: the answer is not an object")
        return api, found

    async def _write(self, api: Api, p: P, found: Document, fields: Fields) -> EditOutputs:
        answer = found
        if fields:
            answer = await patch_as_read(api, self.path(p), found, lambda now: _patch(now, fields), self.media)
        return EditOutputs(
            changed=bool(fields),
            generation=number(answer, "metadata", "generation"),
            replaces_pods=_touches_pods(fields),
        )

    def _kept(self, place: Place, value: Any) -> dict[str, Any]:
        if value is None:
            return {"place": list(place)}
        return {"place": list(place), **({"hidden": True} if self.hides(place, value) else {"value": value})}

    async def _earlier(self, api: Api, intent: Intent[P], found: Document) -> Fields:
        """Return what stood at each place that we changed; hidden values are looked up where they still stand."""
        kept = _known(intent.before)
        fields = {place: item.get("value") for place, item in kept.items()}
        hidden = [place for place, item in kept.items() if item.get("hidden")]
        if hidden and self.recalls:
            former_name = str(intent.before.get("revision") or "")
            former = await self.recalls(api, intent.parameters, found, former_name)
            fields |= {place: value_at(former, place) for place in hidden}
            if any(fields[place] is None for place in hidden):
                raise PermanentError(
                    f"a secret value was not written down, and revision {clean(former_name, 253)} lacks it"
                )
        return fields


def consequence(workload: Document) -> str:
    """Return what a change of the pod template means for the pods, as a sentence."""
    if flag(workload, "spec", "paused"):
        return "Its rollout is paused: its pods restart when it is resumed."
    strategy = strategy_of(workload)
    if strategy == "OnDelete":
        return "It updates OnDelete: each pod takes this up only when somebody deletes it."
    return f"Its pods restart, by its update strategy ({clean(strategy, 40)})."


def _known(before: Mapping[str, Any]) -> dict[Place, Mapping[str, Any]]:
    """Return what ``resolve`` wrote down, by its place."""
    kept = before.get("fields")
    items = kept if isinstance(kept, list) and len(kept) <= _MOST_FIELDS else [None]
    known: dict[Place, Mapping[str, Any]] = {}
    for item in items:
        place = item.get("place") if isinstance(item, dict) else None
        if item is None or not isinstance(place, list) or not place or not all(isinstance(key, str) for key in place):
            raise PermanentError("what was there before is not known")
        known[tuple(place)] = item
    return known


def _changes(found: Document, fields: Fields) -> dict[Place, Any]:
    return {place: value for place, value in fields.items() if not same(place, value_at(found, place), value)}


def _touches_pods(fields: Fields) -> bool:
    return any(place[: len(TEMPLATE)] == TEMPLATE for place in fields)


def _patch(found: Document, fields: Fields) -> Document:
    patch = patch_for(fields)
    patch.setdefault("metadata", {})["resourceVersion"] = text(found, "metadata", "resourceVersion")
    return patch
