"""Ctrl-C: nothing is said, the exit code is 130, whenever it comes."""

import os
import signal
import socket
import subprocess
import sys

import pytest

INTERRUPTS = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)\n"


def start(*words, folder=""):
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    env = {**os.environ, "NO_PROXY": "*", "PYTHONPATH": path}
    return subprocess.Popen(
        [sys.executable, "-m", "remediator", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
    )


def ends_quietly(process):
    said = process.communicate(timeout=30)
    return (process.returncode, *said) == (130, b"", b"")


@pytest.mark.parametrize("module", ["typer", "pydantic", "re2", "yaml"])
def test_while_modules_are_loaded(tmp_path, module):
    (tmp_path / f"{module}.py").write_text(INTERRUPTS)
    assert ends_quietly(start("check", str(tmp_path), folder=tmp_path))


def test_while_a_daemon_is_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        program = start("runs", "list", "--url", f"http://127.0.0.1:{silent.getsockname()[1]}")
        connection, _ = silent.accept()
        with connection:
            program.send_signal(signal.SIGINT)
            assert ends_quietly(program)
