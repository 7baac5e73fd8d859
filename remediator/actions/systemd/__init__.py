"""Speaks to one machine's systemd: how a unit is, its journal, names of its environment; changes what is listed.

Belongs here: units by name. Must not be here: facts of the whole machine, which are ``host``'s. A connection is
about the machine of the same name under connections.host: locally over D-Bus, else ``systemctl`` over ssh. It
needs the extra ``host``.
"""

from typing import Any

from remediator.actions.answers.machine import is_local, is_remote
from remediator.actions.systemd import environment, journal, restart, set_environment, status
from remediator.actions.systemd.connection import Connection
from remediator.core.action import Action, Library

__all__ = ["ACTIONS", "LIBRARIES", "Connection"]

ACTIONS: tuple[Action[Any, Any], ...] = (
    environment.ACTION,
    journal.ACTION,
    restart.ACTION,
    set_environment.ACTION,
    status.ACTION,
)

_BY_BUS = {action.name for action in ACTIONS} - {journal.ACTION.name}  #: the journal is read by journalctl

LIBRARIES = (
    Library("asyncssh", "host", lambda _, name, connections: is_remote(name, connections)),
    Library("dbus_fast", "host", lambda action, name, connections: action in _BY_BUS and is_local(name, connections)),
)
