"""Closed twice, a descriptor's number may be another thread's by then: the store's, for one."""

import asyncio
import ctypes
import threading

import uvloop

from remediator.actions.command.process import run_to_end

FOLDERS = 200


class Looker:
    """A thread that opens, lists and closes folders without Python's lock, as SQLite opens its files."""

    def __init__(self, home):
        for number in range(FOLDERS):
            (home / str(number)).mkdir()
            (home / str(number) / "a").touch()
        self._pattern = f"{home}/*/a*".encode()
        self.missing, self._going = 0, True
        self._thread = threading.Thread(target=self._look)

    def _look(self):
        libc = ctypes.CDLL(None)
        while self._going:
            found = (ctypes.c_size_t * 32)()  # glob_t: it begins with the number of paths
            libc.glob(self._pattern, 0, None, ctypes.byref(found))
            self.missing += FOLDERS - found[0]
            libc.globfree(ctypes.byref(found))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._going = False
        self._thread.join()


def test_another_thread_keeps_its_files_while_commands_run(tmp_path):
    async def command():
        ended = await run_to_end(["/bin/echo", "hi"], cwd="/", env={}, time_limit=10, stop_within=1, output_limit=100)
        assert ended.stdout == b"hi\n"

    async def commands():
        for _ in range(40):  # the old way was seen in 18 of 20 tries
            await asyncio.gather(*(command() for _ in range(8)))

    with Looker(tmp_path) as looker:
        uvloop.run(commands())
    assert looker.missing == 0
