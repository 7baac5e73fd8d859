"""A copy of the store, also while a daemon writes it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from remediator.errors import StoreError
from remediator.store.file import address

UNFINISHED = ".part"  #: ends the name of a copy that is not whole; the file may be removed


def backup(source: Path, target: Path) -> None:
    """Copy a store into a new file. Raise StoreError; nothing is overwritten.

    Whatever ends it, there is no file of that name that is not a whole store: it has another until it is on the disk.
    """
    unfinished = target.with_name(target.name + UNFINISHED)
    try:
        for path in (target, unfinished):
            with contextlib.suppress(FileNotFoundError):
                path.lstat()
                raise StoreError(f"{path} exists; a backup overwrites nothing")
        if not source.exists():
            raise StoreError(f"there is no store at {source}")
        try:
            _copy(source, unfinished)
            _name(unfinished, target)
        finally:
            with contextlib.suppress(OSError):  # there may be no such folder
                unfinished.unlink()
    except (OSError, sqlite3.Error, ValueError) as error:
        raise StoreError(f"cannot write {target}: {getattr(error, 'strerror', None) or error}") from error


def _name(unfinished: Path, target: Path) -> None:
    try:
        os.link(unfinished, target)  # unlike a renaming it replaces nothing
    except FileExistsError:
        raise
    except OSError:  # a file system without second names, as on many a share
        unfinished.rename(target)


def _copy(source: Path, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(address(source, "ro"), uri=True)) as read,
        contextlib.closing(sqlite3.connect(address(target, "rwc"), uri=True)) as copy,
    ):
        read.backup(copy, pages=1000, sleep=0.001)
