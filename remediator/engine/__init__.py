"""Moves runs: the path, and what carries it.

Belongs here: admission, advancing a run by ``next_move``, performing a step (time-out, retry,
cancel), limits, timers, recovery, delivery of reports. Must not be here: names of actions, Slack,
web, SQL. Begin with ``path.py``.
"""
