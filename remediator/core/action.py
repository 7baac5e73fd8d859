"""How an action declares itself. The engine reads these declarations and never names an action.

An action is an operation with typed parameters and typed outputs. Its module says what it is
(reads or changes, idempotent, what it touches, how to find out whether it happened); the engine
decides when it runs, how often it is tried and what its failure means.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar

from msgspec import Struct
from pydantic import BaseModel, ConfigDict


class Lands(Enum):
    """Where a rendered value lands; decides how it is escaped (see ``core.escaping``)."""

    TEXT = "text"
    PROMQL = "promql"
    URL = "url"
    URL_PATH = "url path"
    JSON = "json"
    ARGV = "argv"
    LITERAL = "literal"


PromQL = Annotated[str, Lands.PROMQL]
"""A PromQL expression; values land inside strings, regexes, or bare as numbers."""
Url = Annotated[str, Lands.URL]
"""A URL whose scheme and host are literal; values land in a path segment or the query."""
UrlPath = Annotated[str, Lands.URL_PATH]
"""A path with its query, below a URL that the configuration holds; values land as in a URL."""
Json = Annotated[str, Lands.JSON]
"""A JSON document as text; values land as JSON values or inside JSON strings."""
Argv = Annotated[str, Lands.ARGV]
"""One argument of a command; no NUL, and no leading ``-`` that a value brought in."""
Fixed = Annotated[str, Lands.LITERAL]
"""Text that stands in the guide as it is: a template there is refused at load (a host that is asked)."""


class NamesConnection(Struct, frozen=True):
    """Marks a text parameter (in its ``Annotated``) as the name of an entry under ``connections``.

    What stands there literally is checked when rules are loaded, what a label chooses when a run is planned.
    """

    system: str = ""  #: whose connections; empty: those of the action's own system


class Parameters(BaseModel):
    """Base of every action's parameter model: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Outputs(BaseModel):
    """Base of every action's output model. Its fields are what ``steps.<id>.<field>`` can ask."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class CheckOutputs(Outputs):
    """Outputs of an action that can stand under ``verify``: it says whether something holds."""

    holds: bool  #: whether the condition is met by this one sample
    reason: str = ""  #: why, in a sentence for the report


class Permission(Struct, frozen=True):
    """One right that an action needs at its backend, in the backend's own words."""

    verb: str
    resource: str
    namespace: str = ""
    group: str = ""
    name: str = ""  #: of the only object that it is needed on; empty: any


def _by_all(_action: str, _connection: str, _connections: Any) -> bool:
    return True


class Library(Struct, frozen=True):
    """A package that steps of a system need and that only an extra brings; its module lists these as ``LIBRARIES``.

    Where it is not installed, rules that use such a step are refused when they are loaded to be run.
    """

    module: str  #: as it is imported
    extra: str
    #: Whether a step needs it, asked of the action's name, the connection's name ("": it names none) and all
    #: connections by system and name.
    used: Callable[[str, str, Mapping[str, Mapping[str, Any]]], bool] = _by_all


P = TypeVar("P", bound=Parameters)
R = TypeVar("R", bound=Outputs)


class Intent(Struct, Generic[P], frozen=True):
    """What is about to be done, with nothing relative left in it; journalled before it happens."""

    parameters: P  #: absolute: ``+50%`` has become a number, "now" a time
    before: Mapping[str, Any]  #: what was there, as JSON; undo and ``happened`` get it back


def _always(_parameters: Any) -> bool:
    return True


def _nothing(_parameters: Any) -> tuple[str, ...]:
    return ()


def _unmeasured(_parameters: Any) -> Mapping[str, float]:
    return {}


def _unbound(_parameters: Any) -> tuple[Permission, ...]:
    return ()


class Action(Struct, Generic[P, R], frozen=True, kw_only=True):
    """One declared action. ``context`` arguments are ``remediator.actions.context.Context``."""

    name: str  #: ``system.verb``; the system is the module's name below ``remediator.actions``
    summary: str  #: one sentence for the reference page
    parameters: type[P]
    outputs: type[R]
    perform: Callable[[P, Any], Awaitable[R]]
    #: Key of what it talks to (``http/127.0.0.1:9090``): the unit of step limits and backend breakers.
    backend: Callable[[P], str]
    changes: bool = False  #: false: it only reads, may be repeated, runs in every mode
    #: Whether performing it twice with the same intent equals performing it once. Reads always may be.
    idempotent: Callable[[P], bool] = _always
    #: The same, where only the site's configuration knows; asked with the context. Either one is enough.
    repeatable: Callable[[P, Any], bool] | None = None
    #: Targets that it changes beside the guide's own; all must be inside the locked ones.
    targets: Callable[[P], tuple[str, ...]] = _nothing
    #: Makes relative parameters absolute and records what was there. Reads only.
    resolve: Callable[[P, Any], Awaitable[Intent[P]]] | None = None
    #: Whether an earlier intent took effect; None when that cannot be told.
    happened: Callable[[Intent[P], Any], Awaitable[bool | None]] | None = None
    #: A readable account of what it would change, asked of the backend (dry run).
    preview: Callable[[P, Any], Awaitable[str]] | None = None
    #: Why a person should decide on this change though its mode is ``auto`` ("Argo CD would put it
    #: back"); empty when nothing speaks against it. Reads only; asked before a change is begun.
    caution: Callable[[P, Any], Awaitable[str]] | None = None
    needs_approval: bool = False  #: a person must approve it, whatever its rule says
    #: How much it changes at most, by the words of ``policy.bounds``: ``replicas``, ``factor``,
    #: ``memory`` (bytes), ``cpu`` (cores), ``pods``, ``nodes``, ``rows``, ``sessions``, ``keys``.
    #: Asked of absolute parameters (after ``resolve``); what cannot be told yet is left out.
    amounts: Callable[[P], Mapping[str, float]] = _unmeasured
    #: Puts back what was there; refuses (PermanentError) when somebody else changed it since.
    undo: Callable[[Intent[P], Any], Awaitable[R]] | None = None
    #: Whether a use can be taken back, asked of its arguments as written: where the guide itself says how.
    undoable: Callable[[Mapping[str, Any]], bool] = _always
    undo_is_safe: bool = False  #: whether ``undo: on_failure`` may use it without a person
    #: Seconds after a change before a sample of this check can show its effect.
    settle: Callable[[P, Any], float] | None = None
    permissions: Callable[[P], tuple[Permission, ...]] = _unbound

    @property
    def system(self) -> str:
        """The part before the first dot: the module and the kind of connection."""
        return self.name.partition(".")[0]

    @property
    def checks(self) -> bool:
        """Whether it can stand under ``verify``."""
        return issubclass(self.outputs, CheckOutputs)
