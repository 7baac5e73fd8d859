"""Edits, new files, included files, a ConfigMap's new version, and what no notice came for."""

import asyncio

import pytest
from fakes.rule_reader import GUIDE, Reader, watching

from remediator.errors import ConfigurationError
from remediator.interfaces.rule_files import load_rules


async def test_an_edit_a_new_file_and_a_bad_one(tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "a.yaml").write_text(GUIDE % "a")
    reader = Reader(tmp_path, "rules/**/*.yaml")
    async with watching(reader):
        await reader.after(lambda: (rules / "a.yaml").write_text(GUIDE % "b"))
        await reader.after(lambda: (rules / "b.yaml").write_text(GUIDE % "c"))
        assert len(reader.loaded.files) == 2
        await reader.after(lambda: (rules / "b.yaml").write_text("guidez: {}\n"))
        with pytest.raises(ConfigurationError):
            load_rules(["rules/*.yaml"], tmp_path)
        (tmp_path / "rules/remediator.db").write_text("no rule file")
        (rules / "b.yaml").touch()
        await asyncio.sleep(1)
        assert reader.tries == 3  # a bad file is tried once; what stays the same is no change
        await reader.after(lambda: (rules / "b.yaml").unlink())


async def test_a_new_version_of_a_configmap(tmp_path):
    """As the kubelet does it: a new folder, a new link beside the old one, then one rename."""
    mount = tmp_path / "rules"

    def version(name, guide):
        (mount / name).mkdir(parents=True)
        (mount / name / "a.yaml").write_text(GUIDE % guide)
        (mount / "..data_tmp").symlink_to(name)
        (mount / "..data_tmp").rename(mount / "..data")

    version("..2024_05_01", "first")
    (mount / "a.yaml").symlink_to("..data/a.yaml")
    reader = Reader(tmp_path, "rules/**/*.yaml")
    async with watching(reader):
        await reader.after(lambda: version("..2024_05_02", "second"))
    assert [key for source in reader.loaded.sources for key, _ in source.guides] == ["second"]


async def test_an_included_file_elsewhere(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "packs").mkdir()
    (tmp_path / "rules/a.yaml").write_text("include: [../packs/p.yaml]\n")
    (tmp_path / "packs/p.yaml").write_text(GUIDE % "p")
    reader = Reader(tmp_path, "rules/*.yaml")
    assert set(reader.watch.places()) == {tmp_path / "rules", tmp_path / "packs"}
    async with watching(reader):
        await reader.after(lambda: (tmp_path / "packs/p.yaml").write_text(GUIDE % "q"))


async def test_what_no_notice_came_for(tmp_path):
    """A file on the other side of a link changes: no folder that is watched tells of it."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "elsewhere.yaml").write_text(GUIDE % "a")
    (tmp_path / "rules/a.yaml").symlink_to("../elsewhere.yaml")
    reader = Reader(tmp_path, "rules/*.yaml", every=0.2)
    async with watching(reader):
        await reader.after(lambda: (tmp_path / "elsewhere.yaml").write_text(GUIDE % "b"))


async def test_a_busy_neighbour_hides_nothing(tmp_path):
    """A store in the same folder is written to all the time."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "rules").mkdir()
    (tmp_path / "elsewhere/a.yaml").write_text(GUIDE % "a")
    (tmp_path / "rules/a.yaml").symlink_to("../elsewhere/a.yaml")
    reader = Reader(tmp_path, "rules/*.yaml", every=0.5)

    async def busy():
        while True:
            (tmp_path / "rules/remediator.db").write_text("x")
            await asyncio.sleep(0.05)

    async with watching(reader):
        task = asyncio.create_task(busy())
        await asyncio.sleep(0.2)
        await reader.after(lambda: (tmp_path / "elsewhere/a.yaml").write_text(GUIDE % "b"))
        task.cancel()


async def test_a_folder_that_is_replaced(tmp_path):
    for name in ("rules", "rules.new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text(GUIDE % name.replace(".", "-"))
    reader = Reader(tmp_path, "rules/*.yaml")

    def replace():
        (tmp_path / "rules").rename(tmp_path / "rules.old")
        (tmp_path / "rules.new").rename(tmp_path / "rules")

    async with watching(reader):
        await reader.after(replace)
        await reader.after(lambda: (tmp_path / "rules/a.yaml").write_text(GUIDE % "c"))


async def test_a_link_to_a_folder_that_is_turned(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text(GUIDE % name)
    (tmp_path / "rules").symlink_to("one")
    reader = Reader(tmp_path, "rules/*.yaml")

    def turn():
        (tmp_path / "next").symlink_to("two")
        (tmp_path / "next").rename(tmp_path / "rules")

    async with watching(reader):
        await reader.after(turn)
        await reader.after(lambda: (tmp_path / "two/a.yaml").write_text(GUIDE % "c"))


async def test_a_folder_that_is_gone_and_comes_back(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.yaml").write_text(GUIDE % "a")
    reader = Reader(tmp_path, "rules/*.yaml")
    async with watching(reader):
        await reader.after(lambda: (tmp_path / "rules").rename(tmp_path / "away"))
        await reader.after(lambda: (tmp_path / "away").rename(tmp_path / "rules"))
        await reader.after(lambda: (tmp_path / "rules/a.yaml").write_text(GUIDE % "b"))
