"""An older version would misunderstand what a newer one wrote: it refuses to start, and changes nothing."""

import sqlite3
from importlib.resources import files

import pytest

from remediator.errors import StoreError
from remediator.store.sqlite import SqliteStore, Tx, migrate

KNOWN = len([file for file in files("remediator.store.migrations").iterdir() if file.name.endswith(".sql")])


async def made(path, version):
    store = SqliteStore(path)
    store.open()
    await store.close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {version}")
    db.close()
    return path.read_bytes()


@pytest.mark.parametrize("version", [KNOWN + 1, KNOWN + 50])
async def test_it_is_refused(tmp_path, version):
    path = tmp_path / "store.db"
    before = await made(path, version)
    store = SqliteStore(path)
    with pytest.raises(StoreError, match=rf"written by a newer remediator \(revision {version}, this one knows {KNOWN}\)"):
        store.open()
    await store.close()
    assert path.read_bytes() == before


async def test_one_of_this_version_is_opened(tmp_path):
    path = tmp_path / "store.db"
    before = await made(path, KNOWN)
    store = SqliteStore(path)
    store.open()
    await store.close()
    assert path.read_bytes() == before


def test_each_script_is_applied_once():
    db = sqlite3.connect(":memory:", isolation_level=None)
    for _ in range(2):
        migrate(db)
        assert Tx(db).one("PRAGMA user_version") == (KNOWN,)
