"""Speaks to one Redis or Valkey server: looks at it, changes a listed setting, deletes keys, empties it.

Belongs here: commands to the server that a connection names, a database at a time. Must not be
here: clusters and sentinels as a whole (each node is a connection), restarting the server. The client
library is imported when a step first needs it (extra ``redis``).
"""

from typing import Any

from remediator.actions.redis import (
    big_keys,
    check,
    config_set,
    delete_keys,
    evict_big_keys,
    flush,
    info,
    keys,
    latency,
    ping,
    slowlog,
)
from remediator.actions.redis.connection import Connection
from remediator.core.action import Action, Library

__all__ = ["ACTIONS", "LIBRARIES", "Connection"]

ACTIONS: tuple[Action[Any, Any], ...] = (
    big_keys.ACTION,
    check.ACTION,
    config_set.ACTION,
    delete_keys.ACTION,
    evict_big_keys.ACTION,
    flush.ACTION,
    info.ACTION,
    keys.ACTION,
    latency.ACTION,
    ping.ACTION,
    slowlog.ACTION,
)

LIBRARIES = (Library("redis", "redis"),)
