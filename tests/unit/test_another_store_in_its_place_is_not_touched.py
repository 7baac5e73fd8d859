"""A connection that was lost is made again, to the store that was opened."""

import sqlite3

import pytest

from remediator.errors import StoreError
from remediator.store.sqlite import SqliteStore


def full(_tx):
    raise sqlite3.OperationalError("database or disk is full")


def one(tx):
    return tx.one("SELECT 1")


@pytest.fixture
async def lost(tmp_path):
    """A store whose connection is lost."""
    store = SqliteStore(tmp_path / "store.db")
    store.open()
    with pytest.raises(StoreError):
        await store.do(full)
    yield store
    await store.close()


async def test_one_that_was_removed_is_not_made_anew(lost):
    for file in lost.path.parent.glob("store.db*"):
        if not file.name.endswith(".lock"):
            file.unlink()
    with pytest.raises(StoreError, match="unable to open"):
        await lost.do(one)
    assert not lost.path.exists()


async def test_an_empty_one_is_not_filled(lost):
    for file in lost.path.parent.glob("store.db*"):
        if not file.name.endswith(".lock"):
            file.unlink()
    lost.path.touch()
    with pytest.raises(StoreError, match="not the store that was opened"):
        await lost.do(one)
