"""``kubernetes.config_map``: whether a ConfigMap is there, and which keys it has; its values stay unread."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from remediator.actions.context import Context
from remediator.actions.kubernetes.api import open_api
from remediator.actions.kubernetes.documents import clean, section, text
from remediator.actions.kubernetes.moments import instant, seconds_between
from remediator.actions.kubernetes.names import ConnectionName, Label, Name
from remediator.actions.kubernetes.refusals import AbsentError
from remediator.core.action import Action, CheckOutputs, Parameters, Permission

_MOST_KEYS = 200

Key = Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^[-._A-Za-z0-9]+$")]


class ConfigMapParameters(Parameters):
    """Which ConfigMap, and what it must have."""

    name: Name = Field(description="The ConfigMap's name.")
    namespace: Label = Field(description="Its namespace.")
    keys: tuple[Key, ...] = Field((), max_length=100, description="Keys that it must have; 100 at most. Default: none.")
    connection: ConnectionName = Field("default", description="Name of an entry under connections.kubernetes.")


class ConfigMapOutputs(CheckOutputs):
    """What it has."""

    holds: bool = Field(description="Whether it is there and has all the keys that keys names.")
    reason: str = Field("", description="Why not, in a sentence.")
    present: bool = Field(description="Whether it is there.")
    keys: tuple[str, ...] = Field(description="Its keys, sorted; 200 at most.")
    total: int = Field(description="How many keys it has.")
    missing: tuple[str, ...] = Field(description="Keys that it should have and has not.")
    empty: tuple[str, ...] = Field(description="Keys that it should have and whose values are empty.")
    age: float | None = Field(description="Seconds since it was made.")


async def perform(p: ConfigMapParameters, context: Context) -> ConfigMapOutputs:
    """Read it; keep the keys. That it is absent is a finding, not an error."""
    api = await open_api(context, p.connection)
    title = f"configmap {p.namespace}/{p.name}"
    try:
        found = await api.get(f"/api/v1/namespaces/{p.namespace}/configmaps/{p.name}")
    except AbsentError:
        return ConfigMapOutputs(
            holds=False, reason=f"there is no {title}", present=False, keys=(), total=0, missing=p.keys, empty=(),
            age=None,
        )  # fmt: skip
    values = {**section(found, "binaryData"), **section(found, "data")}
    missing = tuple(key for key in p.keys if key not in values)
    return ConfigMapOutputs(
        holds=not missing,
        reason=f"{title} has no key {', '.join(missing)}" if missing else f"{title} has {len(values)} keys",
        present=True,
        keys=tuple(clean(key, 253) for key in sorted(values)[:_MOST_KEYS]),
        total=len(values),
        missing=missing,
        empty=tuple(key for key in p.keys if key in values and not values[key]),
        age=seconds_between(instant(text(found, "metadata", "creationTimestamp")), context.now),
    )


ACTION = Action(
    name="kubernetes.config_map",
    summary="Tells whether a ConfigMap is there and which keys it has; never their values.",
    parameters=ConfigMapParameters,
    outputs=ConfigMapOutputs,
    perform=perform,
    backend=lambda p: f"kubernetes/{p.connection}",
    permissions=lambda p: (Permission("get", "configmaps", p.namespace),),
)
