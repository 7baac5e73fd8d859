"""Watch rule files and say when what they hold has changed.

Their folders are watched, not the files: editors replace files, and Kubernetes brings a new
version of a ConfigMap by turning the link ``..data`` (Kubernetes' documentation, "Mounted
ConfigMaps are updated automatically"). Since notices can get lost (network file systems, a full
queue), everything is also read again each minute. Only a change of content counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path

import structlog

from remediator.errors import ConfigurationError
from remediator.interfaces.rule_files.load import Loaded
from remediator.interfaces.rule_files.reading import digest_of, find_files, read_file

log = structlog.get_logger("remediator.rules")

EVERY = 60.0  #: seconds between two looks at all contents
_SETTLED_MS = 300  #: milliseconds of quiet that end one change of several files
_TICK = 2.0  #: seconds after which watching looks up from its wait
_MOST_FOLDERS = 1000

Places = dict[Path, tuple[int, int]]  #: folders, each with its device and its number there


class RuleWatch:
    """Knows what the rule files held when they were last read."""

    def __init__(self, patterns: tuple[str, ...], root: Path, loaded: Loaded, every: float = EVERY) -> None:
        self._patterns = patterns
        self._root = root
        self._every = every
        self._known: Mapping[Path, str] = loaded.digests
        self._files = loaded.files

    def read(self, loaded: Loaded) -> None:
        """Note what a reload has read."""
        self._known, self._files = loaded.digests, loaded.files

    def refused(self, contents: Mapping[Path, str]) -> None:
        """Note what a reload could not take: anything else, also what stood there before, is a change."""
        self._known = contents

    async def watch(self, reload: Callable[[], Awaitable[object]]) -> None:
        """Call ``reload`` after each change, until cancelled. A bad file is tried once, not every minute."""
        while True:
            places = await asyncio.to_thread(self.places)
            async with contextlib.aclosing(self._notices(places)) as notices:
                async for _ in notices:
                    if await self._looks_changed():
                        with contextlib.suppress(ConfigurationError):  # said in the log and in the metric
                            await reload()

    async def _looks_changed(self) -> bool:
        try:
            return await asyncio.to_thread(self.changed)
        except Exception as error:  # no file of whatever kind may end the daemon
            log.error("rule files cannot be looked at", exc_info=error)
            return False

    def changed(self) -> bool:
        """Whether the files hold something else than when this was last asked. Reads them."""
        now = self.contents()
        if now == self._known:
            return False
        self._known = now
        return True

    def places(self) -> Places:
        """Return the folders in which rule files stand, or could stand, and which folder each of them is now.

        A folder that was replaced, or a link that was turned, has the old name; its notices come from elsewhere.
        """
        found = {path.parent for path in self._files}
        for pattern in self._patterns:
            place = self._root / pattern
            literal = Path(*_literal(place.parts))
            found.add(literal if literal != place else place.parent)
        there = sorted(folder for folder in found if _is_folder(folder))
        # Watching is recursive: what lies below another one is watched with it.
        outer = [one for one in there if not any(other != one and one.is_relative_to(other) for other in there)]
        return {folder: _identity(folder) for folder in outer[:_MOST_FOLDERS]}

    def contents(self) -> Mapping[Path, str]:
        """Return what stands in each file now, as a digest; "" where nothing can be read."""
        found = dict.fromkeys([*find_files(self._patterns, self._root, []), *self._files])
        contents = {}
        for path in found:
            try:
                contents[path] = digest_of(read_file(path))
            except OSError:
                contents[path] = ""
        return contents

    async def _notices(self, places: Places) -> AsyncGenerator[None, None]:
        """Yield when something happened in the folders, and each minute; the first time soon. Ends with new folders."""
        # Only the daemon watches. In a thread: while it is loaded, the first requests can be answered.
        awatch = (await asyncio.to_thread(importlib.import_module, "watchfiles")).awatch
        suffixes = {".yaml", ".yml", *(path.suffix for path in self._files)}

        def counts(path: str) -> bool:
            # Beside rule files a store may lie, which is written to all the time.
            place = Path(path)
            return place.suffix in suffixes or place.name.startswith("..")

        tick = min(_TICK, self._every)
        try:
            if places:
                changes = awatch(
                    *places, watch_filter=None, debounce=_SETTLED_MS * 4, step=_SETTLED_MS,
                    rust_timeout=int(tick * 1000), yield_on_timeout=True, ignore_permission_denied=True,
                )  # fmt: skip
                # The first look comes when watching has begun: what changed before it is not missed.
                looked, first = -self._every, True
                async with contextlib.aclosing(changes):
                    async for found in changes:
                        now = asyncio.get_running_loop().time()
                        noticed = any(counts(path) for _, path in found)
                        if noticed or now - looked >= self._every:
                            # Of what has come back meanwhile there may be no notice: it is looked at once more soon.
                            looked = now - self._every + tick if noticed or first else now
                            first = False
                            yield
                        if await asyncio.to_thread(self.places) != places:
                            return
        except Exception as error:  # noqa: BLE001 -- watchfiles' errors come in groups: a name that is no UTF-8, for one
            log.warning("rule files cannot be watched; they are read again each minute", reason=str(error))
        if not places:
            yield  # whatever was there has gone
        until = asyncio.get_running_loop().time() + self._every
        while asyncio.get_running_loop().time() < until and await asyncio.to_thread(self.places) == places:  # noqa: ASYNC110 -- nobody tells us
            await asyncio.sleep(tick)
        yield


def _identity(folder: Path) -> tuple[int, int]:
    try:
        found = folder.stat()
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # it cannot be watched; what should be in it is asked for each minute


def _literal(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the parts of a path before the first with a wildcard."""
    for at, part in enumerate(parts):
        if any(sign in part for sign in "*?["):
            return parts[:at]
    return parts
