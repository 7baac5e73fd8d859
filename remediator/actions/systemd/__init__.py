"""Speaks to one machine's systemd: how a unit is, its journal, names of its environment; changes what is listed.

Belongs here: units by name. Must not be here: facts of the whole machine, which are ``host``'s. A connection is
about the machine of the same name under connections.host: locally over D-Bus, else ``systemctl`` over ssh. It
needs the extra ``host``.
"""

from remediator.actions.answers.machine import is_local, is_remote
from remediator.actions.systemd import journal
from remediator.actions.systemd.connection import Connection
from remediator.core.action import Library

__all__ = ["LIBRARIES", "Connection"]


LIBRARIES = (  # the journal is read by journalctl, not over the bus
    Library("asyncssh", "host", lambda _, name, connections: is_remote(name, connections)),
    Library(
        "dbus_fast",
        "host",
        lambda action, name, connections: action != journal.ACTION.name and is_local(name, connections),
    ),
)
