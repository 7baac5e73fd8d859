"""psycopg, imported when a step first needs it: importing it costs time and memory, and it is an extra."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from remediator.errors import PermanentError


@cache
def library() -> Any:
    """Return the module psycopg with ``psycopg.sql``; PermanentError names the extra when it is missing."""
    try:
        psycopg = importlib.import_module("psycopg")
        importlib.import_module("psycopg.sql")
    except ImportError as error:
        raise PermanentError(
            'postgres actions need psycopg: install the extra with pip install "remediator[postgres]"'
        ) from error
    return psycopg
