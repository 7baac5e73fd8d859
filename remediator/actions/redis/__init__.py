"""Speaks to one Redis or Valkey server: looks at it, changes a listed setting, deletes keys, empties it.

Belongs here: commands to the server that a connection names, a database at a time. Must not be
here: clusters and sentinels as a whole (each node is a connection), restarting the server. The client
library is imported when a step first needs it (extra ``redis``).
"""

from remediator.actions.redis.connection import Connection
from remediator.core.action import Library

__all__ = ["LIBRARIES", "Connection"]

LIBRARIES = (Library("redis", "redis"),)
