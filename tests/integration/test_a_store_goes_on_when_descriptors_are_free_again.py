"""A full disk closes the store's connection. If just then no file can be opened, nobody may wait for ever."""

import asyncio
import contextlib
import os
import resource
import sqlite3
from pathlib import Path

import pytest

from remediator.errors import StoreError
from remediator.store.sqlite import SqliteStore


@contextlib.contextmanager
def only_free(count):
    """Let this process open so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) + 64, hard))
    try:
        with contextlib.suppress(OSError):
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        for _ in range(count):
            os.close(held.pop())
        yield
    finally:
        for each in held:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def full(_tx):
    raise sqlite3.OperationalError("database or disk is full")


def one(tx):
    return tx.one("SELECT 1")


@pytest.mark.parametrize("free", range(7))
async def test_it_refuses_and_then_works(tmp_path, free):
    store = SqliteStore(tmp_path / "store.db")
    store.open()
    await store.do(one)
    with pytest.raises(StoreError):
        await store.do(full)
    async with asyncio.timeout(5):
        with only_free(free), contextlib.suppress(StoreError):
            await store.do(one)
        assert await store.do(one) == (1,)
        await store.close()
