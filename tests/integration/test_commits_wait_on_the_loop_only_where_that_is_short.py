"""A lone unit is committed on the loop, which saves the way to a thread and back; nobody waits for a slow disk."""

import asyncio
import sqlite3
import threading
import time

import pytest

from remediator.errors import StoreError
from remediator.store.sqlite import PAUSE, QUICK, SqliteStore


class Disk:
    """Notes which thread commits, and takes its time."""

    def __init__(self):
        self.takes = 0.0
        self.fails = False
        self.on_the_loop = []

    def __call__(self, when):
        if when == "before":
            self.on_the_loop.append(threading.current_thread() is threading.main_thread())
            time.sleep(self.takes)
            if self.fails:
                raise sqlite3.OperationalError("disk I/O error")


@pytest.fixture
async def disk():
    return Disk()


@pytest.fixture
async def store(tmp_path, disk):
    store = SqliteStore(tmp_path / "store.db", disk)
    store.open()
    yield store
    await store.close()


def write(tx):
    return tx.run("INSERT INTO changed VALUES (hex(randomblob(8)), 1, 'r')")


async def alone(store):
    await asyncio.sleep(2 * PAUSE)
    await store.do(write)


async def test_one_after_a_pause_is_committed_there(store, disk):
    async with asyncio.timeout(20):
        while True not in disk.on_the_loop:  # once the disk was quick
            await alone(store)
    assert disk.on_the_loop[0] is False  # nothing was known of the disk


async def test_several_at_once_are_not(store, disk):
    await alone(store)
    del disk.on_the_loop[:]
    await asyncio.sleep(2 * PAUSE)
    await asyncio.gather(*(store.do(write) for _ in range(5)))
    assert True not in disk.on_the_loop


async def test_the_next_ones_without_a_pause_are_not(store, disk):
    await alone(store)
    await store.do(write)
    del disk.on_the_loop[:]
    await store.do(write)
    assert disk.on_the_loop == [False]


async def test_a_slow_disk_holds_the_loop_up_once(store, disk):
    async with asyncio.timeout(20):
        while True not in disk.on_the_loop:
            await alone(store)
    disk.takes = 2 * QUICK
    del disk.on_the_loop[:]
    for _ in range(5):
        await alone(store)
    assert disk.on_the_loop[1:] == [False] * 4


async def test_a_disk_that_fails_does_so_once_there(store, disk):
    async with asyncio.timeout(20):
        while True not in disk.on_the_loop:
            await alone(store)
    disk.fails = True
    del disk.on_the_loop[:]
    for _ in range(3):
        with pytest.raises(StoreError):
            await alone(store)
    assert disk.on_the_loop[1:] == [False] * 2
