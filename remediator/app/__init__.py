"""The daemon, put together: the one place that knows every part.

Belongs here: what makes the parts from the settings and hands them to each other; what begins and
ends the process. Must not be here: anything that a part decides or does.

    wiring     ``serve``: all wiring, in one straight function
    site       what binds every run, from the settings; rehearsals use it, too
    doors      where it listens, and who must log in
    outside    whom it tells and asks: Slack, the console, Alertmanager
    reloading  the rule files, read again
    health     the checks of ``/health``, and gauges that are asked for at each scrape
    lifetime   background work, signals, memory
"""
