"""Backtests: history against a rule table, over virtual time, fast enough for a million alerts.

Matching, planning, modes and guards are the daemon's own (``engine.admit.propose``, ``forward.binding_mode``,
``core.guards.judge``). What the daemon keeps in rows is kept in memory here (``ledger``), and a run is no
more than the time that it takes (``runs``); a test holds both to the rehearsed daemon (``rehearsal.World``)
on random histories. History cannot say what a backend would have answered: every diagnosis leads to the
guide's first remedy, and it helps.

    replay     notifications become episodes
    decisions  what each rule makes of an alert: refused, joined, a run
    runs       held, acting, asking, over; and the time that passes
    ledger     what the guards ask about, put together from ``targets``, ``limits``, ``storms``, ``waiting``
"""
