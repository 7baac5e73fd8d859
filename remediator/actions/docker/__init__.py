"""Speaks to one Docker engine: the state of a container, its log, and restarts of those that the site lists.

Belongs here: containers by name at the engine that a connection names. Must not be here: images,
networks, volumes, commands inside a container. Who reaches the engine's socket owns its host: see
docs/hosts.md. The client library is imported when a step first needs it (extra ``docker``).
"""

from remediator.actions.docker.connection import Connection
from remediator.core.action import Library

__all__ = ["LIBRARIES", "Connection"]

LIBRARIES = (Library("aiodocker", "docker"),)
