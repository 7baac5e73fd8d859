"""Rehearsals: the real daemon's parts in a world of virtual time, where nothing is really done.

Belongs here: the world itself (``world``: loop, clock, store in memory; planner, guards, engine, path
and deliverer are the daemon's own), canned answers in place of backends (``answers``), and unit tests
of rules: their documents, how one is played, judged, told, updated; and backtests (``backtest``). Must
not be here: anything that decides like a planner, a guard or the engine; a rehearsal that has rules of
its own proves nothing. Backtests are the one exception, for speed's sake; a test holds them to the world.

``World`` can be used by itself, with any stand-in for the backends:

    with World(table, settings, stand_in=answers.stand_in) as world:
        world.post(alerts)
        world.run_until(world.start + 3600 * SECOND)
        world.runs()
"""

from __future__ import annotations

from remediator.rehearsal.world import World

__all__ = ["World"]
