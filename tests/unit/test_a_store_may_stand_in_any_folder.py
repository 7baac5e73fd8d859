"""SQLite takes addresses: what means something there may stand in a path."""

import pytest

from remediator.cli.explain import reading
from remediator.store.backup import backup
from remediator.store.sqlite import SqliteStore


@pytest.mark.parametrize("name", ["50%41", "a#b", "a?b", "a b", "ü", "a&mode=memory"])
async def test_it_is_written_read_and_copied(tmp_path, name):
    (tmp_path / name).mkdir()
    path = tmp_path / name / "store.db"
    store = SqliteStore(path)
    store.open()
    await store.do(lambda tx: tx.run("INSERT INTO changed VALUES ('host/a', 1, 'r')"))
    assert await store.read(lambda tx: tx.one("SELECT target FROM changed")) == ("host/a",)
    with reading(path) as tx:
        assert tx.one("SELECT count(*) FROM changed") == (1,)
    backup(path, tmp_path / "copy.db")
    await store.close()
    with reading(tmp_path / "copy.db") as tx:
        assert tx.one("SELECT count(*) FROM changed") == (1,)


async def test_its_path_may_be_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = SqliteStore((tmp_path / "store.db").relative_to(tmp_path))
    store.open()
    assert await store.read(lambda tx: tx.one("SELECT count(*) FROM changed")) == (0,)
    await store.close()
