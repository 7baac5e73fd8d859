"""PostgreSQL: look into a server, and relieve it.

Belongs here: one module an action, SQL on the catalogue and the statistics, what the site lists by name. Must not be
here: SQL from rules (they name listed statements), values inside SQL (they are bound), retries, other systems.
Importing this package does not import psycopg; the first step does.
"""

from __future__ import annotations

from typing import Any

from remediator.actions.postgres import (
    blocking,
    check,
    checkpoint,
    connections,
    create_index,
    delete_batch,
    ending,
    explain,
    long_running,
    missing_indexes,
    ping,
    replication_lag,
    server_settings,
    set_setting,
    sizes,
    slow_statements,
    user_active,
    vacuum_analyze,
    vacuum_full,
)
from remediator.actions.postgres.connection import Connection
from remediator.core.action import Action, Library

__all__ = ["ACTIONS", "LIBRARIES", "Connection"]

ACTIONS: tuple[Action[Any, Any], ...] = (
    ping.ACTION,
    check.ACTION,
    connections.ACTION,
    server_settings.ACTION,
    slow_statements.ACTION,
    blocking.ACTION,
    long_running.ACTION,
    replication_lag.ACTION,
    sizes.ACTION,
    missing_indexes.ACTION,
    explain.ACTION,
    user_active.ACTION,
    ending.TERMINATE_IDLE,
    ending.CANCEL_LONG,
    ending.TERMINATE_LONG,
    vacuum_analyze.ACTION,
    vacuum_full.ACTION,
    create_index.ACTION,
    checkpoint.ACTION,
    set_setting.ACTION,
    delete_batch.ACTION,
)

LIBRARIES = (Library("psycopg", "postgres"),)
