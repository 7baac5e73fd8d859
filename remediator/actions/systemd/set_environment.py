"""``systemd.set_environment``: sets listed environment variables of a unit by a drop-in of ours.

They count with the unit's next start: ``systemd.restart`` is a step of its own. Which variables, and which values, the
connection lists; a secret is read from the file that it names. A secret is never shown or written down: of an earlier
one only is recorded that there was one, so that undo can remove ours, but not bring an earlier one back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, NamedTuple, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from remediator.actions.answers.access import read_secret
from remediator.actions.answers.reading import excerpt, matches_whole
from remediator.actions.answers.words import worded
from remediator.actions.context import Context
from remediator.actions.systemd.connection import Settable, UnitParameters, Variable, backend, targets
from remediator.actions.systemd.drop_in import DropIn, drop_in
from remediator.actions.systemd.units import Systemd, systemd_of
from remediator.core.action import Action, Intent, Outputs, Permission
from remediator.errors import PermanentError

_MOST = 50
_SHOWN = 100

Value = Annotated[
    str,
    BeforeValidator(worded, json_schema_input_type=str | int | bool),
    StringConstraints(max_length=4096, pattern=r"^[^\x00-\x1f\x7f]*$"),
]


class SetEnvironmentParameters(UnitParameters):
    """Which unit, and which of its variables."""

    set: dict[Variable, Value] = Field(
        default_factory=dict, max_length=_MOST,
        description="Variables and their values, without control characters; the connection lists both. 50 at most.",
    )  # fmt: skip
    from_files: tuple[Variable, ...] = Field(
        (), max_length=_MOST, description="Variables that the connection reads from a file: secrets. 50 at most."
    )

    @model_validator(mode="after")
    def _some_and_apart(self) -> Self:
        if not self.set and not self.from_files:
            raise ValueError('give "set" or "from_files"')
        both = sorted(set(self.set).intersection(self.from_files))
        if both:
            raise ValueError(f"{both[0]} stands in both")
        return self


class SetEnvironmentOutputs(Outputs):
    """What became of it; never a value."""

    changed: list[str] = Field(description="Variables that have got another value.")
    path: str = Field(description="The drop-in.")
    reloaded: bool = Field(description="Whether systemd had to read its files again.")


class _Place(NamedTuple):
    """A unit whose variables may be set."""

    systemd: Systemd
    drop_in: DropIn
    listed: Mapping[str, Settable]
    read: bool  #: whether systemd knows of our drop-in


@asynccontextmanager
async def _place(p: SetEnvironmentParameters, context: Context) -> AsyncIterator[_Place]:
    """Yield the unit. PermanentError when the connection does not list it and all of its variables and values."""
    async with systemd_of(p.connection, context) as systemd:
        listed = systemd.connection.environment.get(p.unit, {})
        for name in (*p.set, *p.from_files):
            known = listed.get(name)
            if known is None or bool(known.file) != (name in p.from_files):
                how = "from a file" if name in p.from_files else "by a pattern"
                raise PermanentError(f"connections.systemd.{p.connection} lists no {name} of {p.unit} {how}")
            if name in p.set and not matches_whole(known.pattern, p.set[name]):
                raise PermanentError(f"connections.systemd.{p.connection} does not allow this value of {name}")
        unit = await systemd.unit(p.unit)
        if unit.load_state != "loaded":
            raise PermanentError(f"{p.unit} is {unit.load_state}; it has no environment to set")
        ours = drop_in(systemd.machine, systemd.connection, p.unit)
        yield _Place(systemd, ours, listed, ours.values_path in unit.files)


def _wanted(p: SetEnvironmentParameters, place: _Place) -> dict[str, str]:
    return {**p.set, **{name: read_secret(place.listed[name].file) for name in p.from_files}}


async def perform(p: SetEnvironmentParameters, context: Context) -> SetEnvironmentOutputs:
    """Write it, and have it read; does nothing when it is so already."""
    async with _place(p, context) as place:
        there = await place.drop_in.read()
        return await _put(p, place, there, {**there, **_wanted(p, place)})


async def _put(
    p: SetEnvironmentParameters, place: _Place, there: Mapping[str, str], then: Mapping[str, str]
) -> SetEnvironmentOutputs:
    changed = sorted(name for name in {*there, *then} if there.get(name) != then.get(name))
    stale = place.read != bool(then)
    if changed or stale:
        await place.drop_in.write(then)
    if stale:
        await place.systemd.source.reload()
        if (place.drop_in.values_path in (await place.systemd.unit(p.unit)).files) != bool(then):
            raise PermanentError(f"systemd on {place.systemd.machine.place} does not take {place.drop_in.path}")
    return SetEnvironmentOutputs(changed=changed, path=place.drop_in.path, reloaded=stale)


async def resolve(p: SetEnvironmentParameters, context: Context) -> Intent[SetEnvironmentParameters]:
    """Record what our drop-in set before: values of what is no secret, and of secrets whether there was one."""
    async with _place(p, context) as place:
        there = await place.drop_in.read()
    return Intent(p, {
        "set": {name: there.get(name) for name in p.set},
        "secrets": [name for name in p.from_files if name in there],
    })  # fmt: skip


async def happened(intent: Intent[SetEnvironmentParameters], context: Context) -> bool | None:
    """Whether ours stands there and systemd has read it; None when it is neither that nor what was there before."""
    p = intent.parameters
    async with _place(p, context) as place:
        there = await place.drop_in.read()
        if place.read and there.items() >= _wanted(p, place).items():
            return True
    earlier, secrets = _earlier(intent)
    same = all(there.get(name) == value for name, value in earlier.items())
    # An earlier secret was not written down: whether it is still there cannot be told.
    return False if same and not secrets and not there.keys() & set(p.from_files) else None


async def preview(p: SetEnvironmentParameters, context: Context) -> str:
    """Say what would be set; secrets by name."""
    async with _place(p, context) as place:
        there = await place.drop_in.read()
    said = [
        f"{name}={excerpt(value, _SHOWN)} (now {_now(there.get(name))})" for name, value in sorted(p.set.items())
    ] + [f"{name} from its file" for name in sorted(p.from_files)]
    return (
        f"{p.unit} on {place.systemd.machine.place} gets {', '.join(said)} by {place.drop_in.path}, at its next start"
    )


def _now(value: str | None) -> str:
    return "not set by us" if value is None else excerpt(value, _SHOWN)


async def undo(intent: Intent[SetEnvironmentParameters], context: Context) -> SetEnvironmentOutputs:
    """Put back what our drop-in set before, if what we set still stands there; else PermanentError."""
    p = intent.parameters
    earlier, secrets = _earlier(intent)
    if secrets:
        raise PermanentError(f"the earlier value of {', '.join(sorted(secrets))} is a secret and was not written down")
    async with _place(p, context) as place:
        there = await place.drop_in.read()
        for name, value in _wanted(p, place).items():
            if there.get(name) not in (value, earlier.get(name)):
                raise PermanentError(f"{name} of {p.unit} is not what we set; somebody changed it")
        then = {name: value for name, value in there.items() if name not in (*p.set, *p.from_files)}
        then |= {name: value for name, value in earlier.items() if value is not None}
        return await _put(p, place, there, then)


def _earlier(intent: Intent[SetEnvironmentParameters]) -> tuple[dict[str, str | None], list[str]]:
    before = intent.before
    if not isinstance(before.get("set"), Mapping) or not isinstance(before.get("secrets"), list):
        raise PermanentError("what was set before is not known")
    return dict(before["set"]), before["secrets"]


ACTION: Action[SetEnvironmentParameters, SetEnvironmentOutputs] = Action(
    name="systemd.set_environment",
    summary="Sets listed environment variables of a systemd unit by a drop-in; they count at its next start.",
    parameters=SetEnvironmentParameters,
    outputs=SetEnvironmentOutputs,
    perform=perform,
    backend=backend,
    changes=True,
    targets=targets,
    resolve=resolve,
    happened=happened,
    preview=preview,
    undo=undo,
    undo_is_safe=True,
    permissions=lambda p: (
        Permission("org.freedesktop.systemd1.reload-daemon (polkit)", "systemd"),
        Permission("run", "systemctl --no-ask-password daemon-reload (over ssh)"),
        Permission("run", f"cat, install, dd, mv, rm (on 90-remediator.* under {p.unit}.d)"),
    ),
)
