"""Whether a SQLite file is a remediator's store: nothing is written into another program's."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from remediator.errors import StoreError
from remediator.store.file import address

#: "rmdr", in the place that SQLite keeps for it ("PRAGMA application_id", sqlite.org). Early stores have a 0 there.
OURS = 0x726D6472
_TABLES = {"notification", "episode", "run", "step"}


def must_be_ours(path: Path) -> None:
    """Raise StoreError for a file that another program made. An empty one may become ours. Raises sqlite3.Error."""
    with contextlib.closing(sqlite3.connect(address(path, "ro"), uri=True)) as db:
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if application == OURS or (not application and not version and not tables):
        return
    if application or not version or not tables >= _TABLES:
        raise StoreError(f"{path} is another program's database, no store of remediator; store.path takes a file alone")
