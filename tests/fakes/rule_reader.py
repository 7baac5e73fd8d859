"""Watches rule files as the daemon does, and counts its reloads."""

import asyncio
import contextlib

from remediator.interfaces.rule_files import load_rules
from remediator.interfaces.rule_files.watching import RuleWatch

GUIDE = "guides: {%s: {summary: s, target: http/a}}\n"


class Reader:
    """Reloads when it is told to, and counts."""

    def __init__(self, root, *patterns, every=60.0):
        self.root, self.patterns = root, patterns
        self.loaded = load_rules(patterns, root)
        self.watch = RuleWatch(patterns, root, self.loaded, every)
        self.tries = 0
        self.tried = asyncio.Event()

    async def reload(self):
        self.tries += 1
        self.tried.set()
        self.loaded = load_rules(self.patterns, self.root)
        self.watch.read(self.loaded)

    async def after(self, change, within=10.0):
        self.tried.clear()
        change()
        await asyncio.wait_for(self.tried.wait(), within)


@contextlib.asynccontextmanager
async def watching(reader):
    task = asyncio.create_task(reader.watch.watch(reader.reload))
    await asyncio.sleep(0.3)  # the folders are watched by now; were they not, the first test would wait a minute
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
