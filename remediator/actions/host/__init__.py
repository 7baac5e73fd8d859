"""Looks at a machine, this one or one over ssh: disk, memory, CPU, processes, sockets, what the kernel killed.

Belongs here: facts of the whole machine, from /proc and the programs that every Debian has. Must not be
here: units, which are systemd's; anything that changes a machine. Over ssh it needs the extra ``host``.
"""

from typing import Any

from remediator.actions.answers.machine import is_remote
from remediator.actions.host import check, cpu, disk, memory, oom, processes, sockets
from remediator.actions.host.connection import Connection
from remediator.core.action import Action, Library

__all__ = ["ACTIONS", "LIBRARIES", "Connection"]

ACTIONS: tuple[Action[Any, Any], ...] = (
    check.ACTION,
    cpu.ACTION,
    disk.ACTION,
    memory.ACTION,
    oom.ACTION,
    processes.ACTION,
    sockets.ACTION,
)

LIBRARIES = (Library("asyncssh", "host", lambda _, name, connections: is_remote(name, connections)),)
