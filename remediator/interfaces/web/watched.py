"""The web file's users, read again when the file changes, as Prometheus does."""

from __future__ import annotations

from pathlib import Path

import structlog

from remediator.errors import ConfigurationError
from remediator.interfaces.configuration import WebFile, read_web_file
from remediator.interfaces.web.auth import Caller, Credentials

log = structlog.get_logger("web")


class WatchedCredentials:
    """Operators. A file that has become wrong, or would ask nobody any more, changes nothing."""

    def __init__(self, path: Path | None, read: WebFile) -> None:
        self._path = path
        self._seen = _stamp(path)
        self._credentials = Credentials(read.users)

    @property
    def required(self) -> bool:
        """Whether anybody has to log in."""
        return self._credentials.required

    async def caller(self, authorization: str, peer: str = "") -> Caller | None:
        """Return who presents this ``Authorization`` header, or None. May raise TooManyTriesError."""
        stamp = _stamp(self._path)
        if stamp != self._seen:
            self._seen = stamp
            self._read()
        return await self._credentials.caller(authorization, peer)

    def _read(self) -> None:
        try:
            users = read_web_file(self._path).users
        except ConfigurationError as error:
            log.error("the web file is wrong; the old users stay", problems=[str(p) for p in error.problems])
            return
        if self.required and not users:
            log.error("the web file names no users any more; the old users stay")
            return
        self._credentials = Credentials(users)
        log.info("the web file was read again", users=len(users))


def _stamp(path: Path | None) -> tuple[int, int, int]:
    try:
        found = path.stat() if path else None
    except OSError:
        return (0, 0, 0)
    # The size, too: what is written in parts within one tick of the clock has one time.
    return (found.st_mtime_ns, found.st_ino, found.st_size) if found else (0, 0, 0)
