"""Whatever stands there pauses, and none of it is waited for."""

import os

import pytest

from remediator.engine.pause_file import read_reason


@pytest.mark.timeout(10)
def test_a_named_pipe(tmp_path):
    os.mkfifo(tmp_path / "pause")
    assert read_reason(tmp_path / "pause") == "no reason stands in it"


@pytest.mark.timeout(10)
def test_a_named_pipe_that_somebody_holds(tmp_path):
    os.mkfifo(tmp_path / "pause")
    end = os.open(tmp_path / "pause", os.O_RDWR)
    try:
        assert read_reason(tmp_path / "pause") == "no reason stands in it"
        os.write(end, b"migration")
        assert read_reason(tmp_path / "pause") == "migration"
    finally:
        os.close(end)


def test_a_folder_and_bytes_that_are_no_text(tmp_path):
    assert read_reason(tmp_path) == "it cannot be read: Is a directory"
    (tmp_path / "pause").write_bytes(b"a\xff\n b")
    assert read_reason(tmp_path / "pause") == "a\ufffd b"
    assert read_reason(tmp_path / "none") is None
