"""A file that another program made with SQLite is no store: it is refused, and not a byte of it changes."""

import sqlite3

import pytest

from remediator.errors import StoreError
from remediator.store.ours import OURS
from remediator.store.sqlite import SqliteStore


def made(path, *statements):
    db = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        db.execute(statement)
    db.close()
    return path.read_bytes()


def opened(path):
    store = SqliteStore(path)
    try:
        store.open()
    finally:
        store._file.let_go()
        if store._writer is not None:
            store._writer.close()


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE t (x)"],
        ["CREATE TABLE t (x)", "PRAGMA user_version = 3"],
        ["CREATE TABLE run (x)", "PRAGMA user_version = 99"],
        ["PRAGMA application_id = 7"],
        ["PRAGMA user_version = 1"],
    ],
    ids=str,
)
def test_it_is_refused(tmp_path, statements):
    path = tmp_path / "other.db"
    before = made(path, *statements)
    with pytest.raises(StoreError, match=r"other\.db is another program's database"):
        opened(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["other.db"]


def test_what_is_no_database_is_refused(tmp_path):
    path = tmp_path / "other.db"
    path.write_text("this is a letter\n" * 100)
    with pytest.raises(StoreError, match="file is not a database"):
        opened(path)
    assert path.read_text() == "this is a letter\n" * 100


@pytest.mark.parametrize("early", [False, True])
def test_ours_is_opened_again(tmp_path, early):
    path = tmp_path / "store.db"
    opened(path)
    if early:
        made(path, "PRAGMA application_id = 0")
    opened(path)
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA application_id").fetchone() == (0 if early else OURS,)
    db.close()


def test_an_empty_file_becomes_one(tmp_path):
    path = tmp_path / "store.db"
    path.touch()
    opened(path)
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA application_id").fetchone() == (OURS,)
    db.close()
