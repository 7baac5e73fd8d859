"""Speaks to one Docker engine: the state of a container, its log, and restarts of those that the site lists.

Belongs here: containers by name at the engine that a connection names. Must not be here: images,
networks, volumes, commands inside a container. Who reaches the engine's socket owns its host: see
docs/hosts.md. The client library is imported when a step first needs it (extra ``docker``).
"""

from typing import Any

from remediator.actions.docker import logs, restart, state
from remediator.actions.docker.connection import Connection
from remediator.core.action import Action, Library

__all__ = ["ACTIONS", "LIBRARIES", "Connection"]

ACTIONS: tuple[Action[Any, Any], ...] = (logs.ACTION, restart.ACTION, state.ACTION)

LIBRARIES = (Library("aiodocker", "docker"),)
