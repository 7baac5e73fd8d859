"""Writes to a stream that somebody else reads, and never waits for them.

A pipe whose reader has stopped takes 64 KiB, then whoever writes to it waits: the daemon would, with all its runs and
deaf to SIGTERM. So each piece is written only when the system says that there is room for it at once (poll(2);
``select.PIPE_BUF``: what may be written then "without blocking"). What has no room is kept, up to a bound.
"""

from __future__ import annotations

import os
import select
import threading
from typing import TextIO


class Outlet:
    """Where texts go out. ``most``: so many bytes may wait for a reader before nothing more is taken."""

    def __init__(self, stream: TextIO, most: int = 0) -> None:
        self._stream, self._most = stream, most
        self._waiting = bytearray()
        self._lock = threading.Lock()
        self._room = select.poll()
        try:
            stream.flush()
            self._fd = stream.fileno()
        except (OSError, ValueError):  # it is closed, or in memory
            self._fd = -1
        else:
            self._room.register(self._fd, select.POLLOUT)

    def offer(self, text: str) -> bool:
        """Write a text, now or when there is room for it; False: nothing of it was taken.

        Raise OSError or ValueError where nothing can be written: a full disk, a closed pipe. What waited is gone then.
        """
        with self._lock:
            # A stream that knows no emoji gets a question mark, not an error.
            encoding = getattr(self._stream, "encoding", None) or "utf-8"
            data = text.encode(encoding, "replace")
            if self._fd < 0:
                self._stream.write(data.decode(encoding))
                self._stream.flush()
                return True
            self._write(0)
            if len(self._waiting) > self._most:
                return False
            self._waiting += data
            self._write(0)
            return True

    def finish(self, within: float) -> None:
        """Write what waits, and wait so many seconds for each piece. Raise as ``offer`` does."""
        with self._lock:
            self._write(within)

    def _write(self, within: float) -> None:
        try:
            # Asked for each time: the number of a stream that was closed may be another file's by now.
            while self._waiting and (out := self._stream.fileno()) == self._fd and self._room.poll(within * 1000):
                written = os.write(out, self._waiting[: select.PIPE_BUF])
                del self._waiting[:written]
        except BlockingIOError:
            return  # another writer was faster, and somebody set the pipe so that it does not wait
        except (OSError, ValueError):
            self._waiting.clear()
            raise
