"""SQLite goes on writing to a file that nobody will find again. What is acknowledged must be found."""

import shutil
import sqlite3

import pytest

from remediator.errors import StoreError
from remediator.store.sqlite import SqliteStore


def write(tx):
    return tx.run("INSERT INTO changed VALUES ('host/' || (SELECT count(*) FROM changed), 1, 'r')")


def full(_tx):
    raise sqlite3.OperationalError("database or disk is full")


@pytest.fixture
async def store(tmp_path):
    store = SqliteStore(tmp_path / "store.db")
    store.open()
    await store.do(write)
    yield store
    await store.close()


@pytest.fixture(params=[True, False])
async def lost(request, store):
    """A store, once with its connection and once without."""
    if request.param:
        with pytest.raises(StoreError):
            await store.do(full)
    return store


async def test_one_that_was_removed_is_missed(lost):
    for file in lost.path.parent.glob("store.db*"):
        file.unlink()
    for _ in range(3):
        with pytest.raises(StoreError, match="taken away"):
            await lost.do(write)
    assert not lost.path.exists()


async def test_one_that_was_replaced_is_not_written_to(lost, tmp_path):
    copy = tmp_path / "copy.db"
    shutil.copy(lost.path, copy)
    copy.replace(lost.path)
    before = lost.path.read_bytes()
    with pytest.raises(StoreError, match="replaced"):
        await lost.do(write)
    assert lost.path.read_bytes() == before


async def test_one_that_comes_back_is_used_again(lost, tmp_path):
    lost.path.rename(tmp_path / "elsewhere.db")
    with pytest.raises(StoreError, match="taken away"):
        await lost.do(write)
    (tmp_path / "elsewhere.db").rename(lost.path)
    await lost.do(write)
    assert await lost.read(lambda tx: tx.one("SELECT count(*) FROM changed")) == (2,)


async def test_without_its_log_nothing_is_acknowledged_that_would_be_lost(store):
    store.path.with_name("store.db-wal").unlink()
    with pytest.raises(StoreError, match=r"store\.db-wal was taken away"):
        await store.do(write)
