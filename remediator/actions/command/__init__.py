"""Runs programs that the site's configuration allows by name: ``command.run`` and ``command.check``.

Belongs here: the allow-list (``connections.command``), starting a child process, its limits and
its end. Must not be here: a shell, or a program that a rule could choose. A program runs with the
daemon's own user and rights, so the daemon should not be root; what needs more rights gets them
from the system (a polkit rule, a file capability). A program that changes its user cannot be
stopped by a daemon that is not root. In a container the first process should be an init: one that
takes no orphans would keep an ended group in sight until ``stop_within`` is over.
"""

from typing import Any

from remediator.actions.command.entry import Connection
from remediator.actions.command.run import CHECK, RUN
from remediator.core.action import Action

__all__ = ["ACTIONS", "Connection"]

ACTIONS: tuple[Action[Any, Any], ...] = (RUN, CHECK)
