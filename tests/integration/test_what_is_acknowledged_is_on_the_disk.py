"""Each connection that writes waits for the disk at each commit, and writes ahead: also the one after a failure."""

import asyncio

import pytest

from remediator.errors import StoreError
from remediator.store.sqlite import SqliteStore


def how(tx):
    return tx.one("PRAGMA synchronous")[0], tx.one("PRAGMA journal_mode")[0]


async def test_at_each_commit(store):
    assert await store.do(how) == (2, "wal")  # FULL: "PRAGMA synchronous", sqlite.org


async def test_also_after_a_commit_that_failed(tmp_path):
    fail = asyncio.Event()

    def probe(_stage):
        if fail.is_set():
            fail.clear()
            raise OSError("no space left")

    store = SqliteStore(tmp_path / "store.db", probe)
    store.open()
    fail.set()
    with pytest.raises(StoreError):
        await store.do(how)
    assert await store.do(how) == (2, "wal")
    await store.close()
