"""A full disk is told in a line, a reader that went away in none; every character is shown in some way."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.fixed_answer import answering, said

ENTRY = {"id": 1, "who": "Zoë", "detail": "…😀"}
TRAIL = (json.dumps(ENTRY, ensure_ascii=False) + "\n").encode()


def remediator(*words, **more):
    env = {**os.environ, "NO_COLOR": "1", "NO_PROXY": "*", **more.pop("env", {})}
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 60} | more
    return subprocess.run([sys.executable, "-m", "remediator", *words], env=env, check=False, **given)


@pytest.mark.parametrize("words", [["version"], ["--help"], ["audit"]], ids=" ".join)
def test_a_full_disk(words):
    with answering(said(TRAIL, kind="application/x-ndjson")) as url, Path("/dev/full").open("w") as full:
        done = remediator(*words, *(["--url", url] if words == ["audit"] else []), stdout=full)
    assert done.stderr == b"remediator: cannot write the output: No space left on device\n"
    assert done.returncode == 1


@pytest.mark.parametrize("words", [["version"], ["audit"]], ids=" ".join)
def test_a_reader_that_went_away(words):
    reads, writes = os.pipe()
    os.close(reads)
    with answering(said(TRAIL * 9999, kind="application/x-ndjson")) as url:
        done = remediator(*words, *(["--url", url] if words == ["audit"] else []), stdout=writes)
    os.close(writes)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("closed", ["1>&-", "1>&- 2>&-", "2>/dev/full"])
def test_no_stream_at_all(closed):
    with answering(said(TRAIL, kind="application/x-ndjson")) as url:
        for words, code in ((f"audit --url {url}", 0), ("nothing", 2), ("audit --url x:", 1)):
            line = f"exec {sys.executable} -m remediator {words} {closed}"
            done = subprocess.run(["sh", "-c", line], capture_output=True, timeout=60, check=False)
            assert done.returncode in (code, 1 if "2>/dev/full" in closed and code else code), (words, done)
            assert b"Traceback" not in done.stderr


def test_an_encoding_that_has_not_all_characters():
    with answering(said(TRAIL, kind="application/x-ndjson")) as url:
        done = remediator("audit", "--url", url, env={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout) == ENTRY
    assert done.stdout.isascii()
    with answering(said(TRAIL, kind="application/x-ndjson")) as url:
        assert remediator("audit", "--url", url, env={"PYTHONIOENCODING": "utf-8"}).stdout == TRAIL
