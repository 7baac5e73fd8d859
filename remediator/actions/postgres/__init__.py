"""PostgreSQL: look into a server, and relieve it.

Belongs here: one module an action, SQL on the catalogue and the statistics, what the site lists by name. Must not be
here: SQL from rules (they name listed statements), values inside SQL (they are bound), retries, other systems.
Importing this package does not import psycopg; the first step does.
"""

from __future__ import annotations

from typing import Any

from remediator.actions.postgres import ending
from remediator.actions.postgres.connection import Connection
from remediator.core.action import Action, Library

__all__ = ["ACTIONS", "LIBRARIES", "Connection"]

ACTIONS: tuple[Action[Any, Any], ...] = (ending.TERMINATE_IDLE, ending.CANCEL_LONG, ending.TERMINATE_LONG)

LIBRARIES = (Library("psycopg", "postgres"),)
