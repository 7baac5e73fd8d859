"""Rights that somebody took away, or a file system that fails: said as a problem, and the watch goes on."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import pytest
import watchfiles  # noqa: F401 -- somebody else may not read it later
from fakes.rule_reader import GUIDE, Reader, watching

from remediator.errors import ConfigurationError
from remediator.interfaces.rule_files import load_rules

NOBODY = 65534


@pytest.fixture
def folder():
    """A folder for everybody: pytest's own are closed to other users."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    (path / "rules/more").mkdir(parents=True)
    (path / "rules/a.yaml").write_text(GUIDE % "a")
    (path / "rules/more/b.yaml").write_text(GUIDE % "b")
    yield path
    shutil.rmtree(path)


@contextlib.contextmanager
def nobody():
    """Root may read everything; then be somebody else."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


@contextlib.contextmanager
def mode(path, bits):
    before = path.stat().st_mode
    path.chmod(bits)
    try:
        yield
    finally:
        path.chmod(before)


@pytest.mark.parametrize(
    ("name", "bits", "said"),
    [
        ("rules", 0o644, r"rules/a.yaml.*cannot be read: Permission denied"),  # chmod -R 644 rules
        ("rules", 0o711, r"rules.*cannot be listed: Permission denied"),
        ("rules/more", 0o700, r"rules/more.*cannot be listed: Permission denied"),
        ("rules/a.yaml", 0o600, r"rules/a.yaml.*cannot be read: Permission denied"),
        (".", 0o700, r"cannot be listed: Permission denied"),
    ],
)
def test_it_is_a_problem(folder, name, bits, said):
    with mode(folder / name, bits), nobody(), pytest.raises(ConfigurationError, match=said):
        load_rules(["rules/**/*.yaml"], folder)


def test_a_folder_that_the_pattern_does_not_enter_may_be_closed(folder):
    with mode(folder / "rules/more", 0o700), nobody():
        assert len(load_rules(["rules/*.yaml"], folder).files) == 1


async def test_the_watch_goes_on(folder):
    reader = Reader(folder, "rules/**/*.yaml", every=0.2)
    async with watching(reader):
        with mode(folder / "rules", 0o644), nobody():
            await reader.after(lambda: None)
            await asyncio.sleep(0.5)
        assert len(reader.loaded.files) == 2
        await reader.after(lambda: (folder / "rules/a.yaml").write_text(GUIDE % "c"))
        assert [key for source in reader.loaded.sources for key, _ in source.guides] == ["c", "b"]


async def test_the_watch_begins_where_nothing_can_be_looked_at(folder):
    reader = Reader(folder, "rules/**/*.yaml", every=0.2)
    with mode(folder, 0o700), nobody():
        async with watching(reader):
            await asyncio.wait_for(reader.tried.wait(), 10)


def test_a_name_that_the_system_refuses(folder):
    (folder / "rules/long.yaml").symlink_to("x" * 300)
    with pytest.raises(ConfigurationError, match=r"rules/long.yaml.*cannot be read: File name too long"):
        load_rules(["rules/**/*.yaml"], folder)


async def test_a_name_that_is_no_text_ends_no_watch(folder):
    reader = Reader(folder, "rules/**/*.yaml", every=0.2)
    async with watching(reader):
        (folder / "rules" / os.fsdecode(b"zz\xff.txt")).touch()
        await asyncio.sleep(1)
        await reader.after(lambda: (folder / "rules/a.yaml").write_text(GUIDE % "c"))


async def test_folders_that_come_and_go_end_no_watch(folder):
    reader = Reader(folder, "rules/**/*.yaml", every=0.01)

    def churn():
        for _ in range(30):
            for number in range(40):
                (folder / f"rules/churn{number}").mkdir()
            for number in range(40):
                (folder / f"rules/churn{number}").rmdir()

    async with watching(reader):
        await asyncio.to_thread(churn)
        await reader.after(lambda: (folder / "rules/a.yaml").write_text(GUIDE % "c"))


@pytest.mark.parametrize("size", [1_048_577, 1 << 40])
def test_no_more_is_read_than_a_rule_file_can_hold(folder, size):
    with (folder / "rules/big.yaml").open("wb") as file:
        file.write("# ä".encode() + "ä".encode() * 600_000)  # the limit cuts one of them
        file.truncate(size)
    with pytest.raises(ConfigurationError, match="larger than 1024 KiB"):
        load_rules(["rules/**/*.yaml"], folder)
