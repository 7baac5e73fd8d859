"""The store's file: held by one process alone, and at each commit still the one that was opened.

SQLite goes on writing to a file that was removed or replaced, and says that all is well; the next start would find
another one. The lock is on the file itself (flock(2)), so that no second name for it and no removed lock file lets
another process in. The descriptor that holds it is closed after SQLite's: closing one lets go of SQLite's own locks
(fcntl(2): "all of a process's locks are removed").
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path

from remediator.errors import StoreError


class StoreFile:
    """One SQLite file in WAL mode."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._wal = path.with_name(f"{path.name}-wal")
        self._lock = -1
        self._is = self._wal_is = (0, 0)

    def take(self) -> None:
        """Hold it for this process alone; make it if it is not there. Raise StoreError."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._is = _identity(os.fstat(self._lock))
        except BlockingIOError as error:
            # The descriptor stays open: to close it would let go of SQLite's locks, were the other one in this process.
            raise StoreError(f"another remediator works on {self.path}; each needs a store of its own") from error
        except (OSError, ValueError) as error:
            raise StoreError(f"cannot use {self.path}: {getattr(error, 'strerror', None) or error}") from error

    def connect(self) -> sqlite3.Connection:
        """Return a connection that writes; it may be used in any thread. Raise StoreError, sqlite3.Error."""
        _must_be(self.path, self._is)
        db = sqlite3.connect(
            address(self.path, "rw"), uri=True, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")  # an answer means that it is on the disk
        db.execute("PRAGMA wal_autocheckpoint = 8000")
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("SELECT 1 FROM sqlite_schema").fetchone()  # from here on the log is there
        self._wal_is = _found(self._wal)
        return db

    def check(self) -> None:
        """Raise StoreError when what is written would not be found again."""
        _must_be(self.path, self._is)
        _must_be(self._wal, self._wal_is)

    def let_go(self) -> None:
        """Let others have it, after the last connection was closed."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def address(path: Path, mode: str) -> str:
    """Return SQLite's URI of a file ("URI Filenames", sqlite.org). ``mode``: ro, rw, rwc (made if it is not there)."""
    return f"{path.absolute().as_uri()}?mode={mode}"


def _must_be(path: Path, wanted: tuple[int, int]) -> None:
    if _found(path) != wanted:
        raise StoreError(f"{path} was replaced while it was used; start again to use what is there now")


def _found(path: Path) -> tuple[int, int]:
    try:
        return _identity(path.stat())
    except OSError as error:
        raise StoreError(f"{path} was taken away while it was used: {error.strerror}") from error


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
