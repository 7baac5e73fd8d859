"""Reads the rule files again: a good table replaces the old one whole, a bad one changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog
from msgspec.structs import replace

from remediator.core.problems import Problem
from remediator.core.rule_changes import RuleChanges, rule_changes
from remediator.engine.advance import Engine
from remediator.engine.clock import Clock
from remediator.errors import ConfigurationError, StoreError
from remediator.interfaces.metrics import Metrics
from remediator.interfaces.rule_files import Loaded
from remediator.interfaces.rule_files.audited import note_rejected, note_reload
from remediator.interfaces.rule_files.watching import RuleWatch
from remediator.store import dependencies
from remediator.store.sqlite import Tx, Unit

log = structlog.get_logger("remediator")


class Reloading:
    """Reloads one at a time, whoever asks: the file watch, SIGHUP, a person."""

    def __init__(
        self, load: Callable[[], Loaded], engine: Engine, metrics: Metrics, clock: Clock, watching: RuleWatch
    ) -> None:
        self._load = load
        self._engine, self._metrics, self._clock, self._watching = engine, metrics, clock, watching
        self._one = asyncio.Lock()

    async def reload(self, who: str) -> str:
        """Return what has changed, in words. Raise ConfigurationError where the old table stays."""
        async with self._one:
            return await self._reload(who)

    async def _reload(self, who: str) -> str:
        engine, now = self._engine, self._clock.now
        old = engine.site.table
        before = await self._contents()
        try:
            loaded = await asyncio.to_thread(self._load)
        except ConfigurationError as error:
            await self._rejected(who, error.problems, before)
            raise
        except Exception as error:
            # A defect of ours that this file has come upon. What is running must not end of it.
            log.error("rule files cannot be looked at", exc_info=error)
            wrong = (Problem(f"defect in remediator: {type(error).__name__}"),)
            await self._rejected(who, wrong, before)
            raise ConfigurationError(wrong) from error
        changes = rule_changes(old, loaded.table)
        engine.site = replace(engine.site, table=loaded.table)

        def written(tx: Tx) -> None:
            dependencies.index(tx, loaded.table)
            note_reload(tx, who, old, loaded.table, now())

        await self._in_the_trail(written)
        self._watching.read(loaded)
        self._metrics.reloaded(ok=True, at=now() / 1e6)
        _log_changes(changes)
        for warning in loaded.warnings:
            log.warning("rule file", problem=str(warning))
        count = len(loaded.table.rules)
        log.info("reloaded", rules=count, changes=str(changes), revision=loaded.table.revision)
        return f"{count} rules: {changes}"

    async def _contents(self) -> Mapping[Path, str]:
        """Return what stands in the files before they are read; nothing where that cannot be told."""
        try:
            return await asyncio.to_thread(self._watching.contents)
        except Exception as error:
            log.error("rule files cannot be looked at", exc_info=error)
            return {}

    async def _rejected(self, who: str, wrong: tuple[Problem, ...], before: Mapping[Path, str]) -> None:
        self._watching.refused(before)
        self._metrics.reloaded(ok=False, at=0)
        for problem in wrong:
            log.error("not reloaded; the old rule table stays", problem=str(problem))
        old = self._engine.site.table
        await self._in_the_trail(lambda tx: note_rejected(tx, who, old, wrong, self._clock.now()))

    async def _in_the_trail(self, unit: Unit[None]) -> None:
        """Write into the audit trail what has happened already; a store that refuses does not undo it."""
        try:
            await self._engine.store.do(unit)
        except StoreError as error:
            log.error("not in the audit trail", error=str(error))


def _log_changes(changes: RuleChanges) -> None:
    for name in changes.added:
        log.info("rule added", rule=name)
    for name in changes.removed:
        log.info("rule removed", rule=name)
    for name, fields in changes.changed.items():
        log.info("rule changed", rule=name, fields=list(fields))
