"""Looks at a machine, this one or one over ssh: disk, memory, CPU, processes, sockets, what the kernel killed.

Belongs here: facts of the whole machine, from /proc and the programs that every Debian has. Must not be
here: units, which are systemd's; anything that changes a machine. Over ssh it needs the extra ``host``.
"""

from remediator.actions.answers.machine import is_remote
from remediator.actions.host.connection import Connection
from remediator.core.action import Library

__all__ = ["LIBRARIES", "Connection"]

LIBRARIES = (Library("asyncssh", "host", lambda _, name, connections: is_remote(name, connections)),)
