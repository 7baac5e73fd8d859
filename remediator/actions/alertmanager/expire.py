"""``alertmanager.expire``: ends silences that remediator made; those of people stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from remediator.actions.alertmanager.connection import LABELS, Connection, LabelName
from remediator.actions.alertmanager.silence import Value
from remediator.actions.alertmanager.silences import CREATOR, Silence, expire, silences_of
from remediator.actions.context import Context
from remediator.core.action import Action, Intent, NamesConnection, Outputs, Parameters, Permission
from remediator.errors import PermanentError

_MOST = 20  #: silences that one step ends


class ExpireParameters(Parameters):
    """Which silences."""

    connection: Annotated[str, NamesConnection()] = Field(
        "default", description="Name of an entry under connections.alertmanager."
    )
    labels: dict[LabelName, Value] = Field(
        min_length=1, max_length=LABELS, description="The labels that alertmanager.silence was given, all of them."
    )


class ExpireOutputs(Outputs):
    """What became of it."""

    expired: list[str] = Field(description="Ids of the silences that were ended.")
    others: int = Field(description="Silences for the same labels that people made; they stay.")


async def perform(p: ExpireParameters, context: Context) -> ExpireOutputs:
    """End them; ends nothing when there are none."""
    connection, ours, others = await _find(p, context)
    for silence in ours:
        await expire(context, connection, silence)
    return ExpireOutputs(expired=[silence.id for silence in ours], others=others)


async def happened(intent: Intent[ExpireParameters], context: Context) -> bool | None:
    """Whether none of ours is left."""
    _, ours, _ = await _find(intent.parameters, context)
    return not ours


async def preview(p: ExpireParameters, context: Context) -> str:
    """Say which silences would end."""
    connection, ours, others = await _find(p, context)
    ids = ", ".join(silence.id for silence in ours) or "none"
    return f"silences to end at {connection.url}: {ids}" + (f"; {others} made by people stay" if others else "")


async def _find(p: ExpireParameters, context: Context) -> tuple[Connection, list[Silence], int]:
    connection: Connection = context.connection("alertmanager", p.connection)
    labels: Mapping[str, str] = p.labels
    left = [silence for silence in await silences_of(context, connection, labels) if not silence.over]
    ours = [silence for silence in left if silence.creator == CREATOR]
    if len(ours) > _MOST:
        raise PermanentError(f"{len(ours)} silences of ours have these labels; a step ends at most {_MOST}")
    return connection, ours, len(left) - len(ours)


ACTION: Action[ExpireParameters, ExpireOutputs] = Action(
    name="alertmanager.expire",
    summary="Ends silences that remediator made for these labels; those that people made stay.",
    parameters=ExpireParameters,
    outputs=ExpireOutputs,
    perform=perform,
    backend=lambda p: f"alertmanager/{p.connection}",
    changes=True,
    targets=lambda p: (f"alertmanager/{p.connection}",),
    happened=happened,
    preview=preview,
    permissions=lambda _: (Permission("GET", "/api/v2/silences"), Permission("DELETE", "/api/v2/silence/ID")),
)
