"""A backup has its name only when it is whole: whatever ends it before, nobody takes a part for a store."""

import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from remediator.errors import StoreError
from remediator.store.backup import UNFINISHED, backup
from remediator.store.sqlite import migrate

CODE = "import sys\nfrom pathlib import Path\nfrom remediator.store.backup import backup\nbackup(*map(Path, sys.argv[1:]))"
PAGES = 40_000  #: of 4 kB; the copy pauses for a millisecond after each thousand


@pytest.fixture
def large(tmp_path):
    with sqlite3.connect(tmp_path / "store.db", isolation_level=None) as db:
        migrate(db)
        db.execute("CREATE TABLE filling AS SELECT zeroblob(?) AS x", (PAGES * 4096,))
    db.close()
    return tmp_path / "store.db"


def started(source, target):
    """Return a backup that is under way."""
    process = subprocess.Popen([sys.executable, "-c", CODE, source, target], stderr=subprocess.DEVNULL, env=os.environ)
    part, until = target.with_name(target.name + UNFINISHED), time.monotonic() + 30
    while not (part.exists() and part.stat().st_size) and time.monotonic() < until:
        assert process.poll() is None
        time.sleep(0.001)
    return process


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_when_it_is_ended(large, tmp_path, kill):
    target = tmp_path / "copy.db"
    process = started(large, target)
    process.send_signal(kill)
    assert process.wait(30) != 0
    assert not target.exists()
    if kill is signal.SIGINT:
        assert not target.with_name("copy.db.part").exists()


def test_what_was_left_is_named_and_stays(large, tmp_path):
    left = tmp_path / "copy.db.part"
    left.write_bytes(b"half")
    with pytest.raises(StoreError, match=r"copy\.db\.part exists"):
        backup(large, tmp_path / "copy.db")
    assert left.read_bytes() == b"half"


def test_a_file_that_comes_meanwhile_is_kept(large, tmp_path):
    target = tmp_path / "copy.db"
    process = started(large, target)
    target.write_bytes(b"somebody's")
    assert process.wait(60) != 0
    assert target.read_bytes() == b"somebody's"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "store.db"]


def test_without_a_folder_it_is_said(large, tmp_path):
    with pytest.raises(StoreError, match=r"cannot write .*nowhere/copy\.db: "):
        backup(large, tmp_path / "nowhere" / "copy.db")


def test_a_whole_one_is_whole(large, tmp_path):
    backup(large, tmp_path / "copy.db")
    with sqlite3.connect(tmp_path / "copy.db") as copy:
        assert copy.execute("SELECT length(x) FROM filling").fetchone() == (PAGES * 4096,)
    copy.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "store.db"]
