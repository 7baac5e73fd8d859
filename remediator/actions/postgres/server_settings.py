"""``postgres.settings``: what settings are now, and which changes wait for a restart."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from remediator.actions.context import Context
from remediator.actions.postgres.parameters import MONITOR, Part, PostgresParameters, backend, text
from remediator.actions.postgres.session import reading
from remediator.core.action import Action, Outputs

_USUAL = (
    "max_connections", "superuser_reserved_connections", "reserved_connections", "shared_buffers", "work_mem",
    "maintenance_work_mem", "effective_cache_size", "statement_timeout", "lock_timeout",
    "idle_in_transaction_session_timeout", "idle_session_timeout", "max_wal_size", "wal_keep_size",
    "max_slot_wal_keep_size", "archive_mode", "autovacuum", "hot_standby", "shared_preload_libraries",
)  # fmt: skip
#: Their values may hold credentials.
_SECRET = re.compile(r"conninfo|command|passphrase|password|secret|key")
_QUERY = """
SELECT name, setting, unit, source, pending_restart, current_setting(name) AS shown
FROM pg_settings WHERE name = ANY(%(names)s) OR pending_restart ORDER BY name LIMIT 200
"""


class SettingsParameters(PostgresParameters):
    """Which settings."""

    names: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=128)], ...], Field(max_length=50)] = Field(
        (), description="Their names; those that wait for a restart are always told. Default: the usual ones."
    )


class ServerSetting(Part):
    """One setting."""

    value: str = Field(description="As SHOW writes it (128MB); hidden where it may hold a credential.")
    number: float | None = Field(description="In the setting's own unit, where it is a number.")
    unit: str = Field(description="That unit (8kB, ms); empty when it has none.")
    source: str = Field(description="Where it comes from: default, configuration file, database, ….")
    pending_restart: bool = Field(description="Whether a changed value waits for a restart.")


class SettingsOutputs(Outputs):
    """Settings by name."""

    settings: dict[str, ServerSetting] = Field(description="By name; a name that is not among them is not known there.")
    pending_restart: list[str] = Field(description="All settings whose changed value waits for a restart.")


async def perform(p: SettingsParameters, context: Context) -> SettingsOutputs:
    """Read them."""
    async with reading(context, p.connection) as session:
        rows = await session.rows(_QUERY, {"names": list(p.names or _USUAL)})
    return SettingsOutputs(
        settings={
            row["name"]: ServerSetting(
                value="[hidden]" if _SECRET.search(row["name"]) and row["shown"] else text(row["shown"], 500),
                number=_number(row["setting"]) if not _SECRET.search(row["name"]) else None,
                unit=text(row["unit"]),
                source=text(row["source"]),
                pending_restart=row["pending_restart"],
            )
            for row in rows
        },
        pending_restart=[row["name"] for row in rows if row["pending_restart"]],
    )


def _number(setting: str | None) -> float | None:
    try:
        return float(setting or "")
    except ValueError:
        return None


ACTION = Action(
    name="postgres.settings",
    summary="Reads a server's settings, and which changes wait for a restart.",
    parameters=SettingsParameters,
    outputs=SettingsOutputs,
    perform=perform,
    backend=backend,
    permissions=lambda _p: (MONITOR,),
)
