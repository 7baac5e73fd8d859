"""Two daemons on one store would do everything twice: by whatever name they know it."""

import fcntl
import os

import pytest

from remediator.errors import StoreError
from remediator.store.sqlite import SqliteStore


@pytest.mark.parametrize("link", [os.symlink, os.link, None])
async def test_another_name_lets_nobody_in(store, tmp_path, link):
    name = store.path
    if link is not None:
        name = tmp_path / "other.db"
        link(store.path, name)
    other = SqliteStore(name)
    with pytest.raises(StoreError, match="another remediator works on"):
        other.open()


async def test_no_other_file_says_so(store):
    assert sorted(path.name for path in store.path.parent.iterdir()) == ["store.db", "store.db-shm", "store.db-wal"]


async def test_it_is_free_afterwards(tmp_path):
    for _ in range(2):
        store = SqliteStore(tmp_path / "store.db")
        store.open()
        await store.close()
    with (tmp_path / "store.db").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
