"""Speaks HTTP: ``http.probe`` and ``http.query`` look, ``http.request`` asks a service to change something.

Belongs here: requests to services' own endpoints, given as a URL or as a configured connection and
a path. Must not be here: the API of a system that has a module of its own.
"""

from typing import Any

from remediator.actions.http.destination import Connection
from remediator.actions.http.probe import PROBE
from remediator.actions.http.query import QUERY
from remediator.actions.http.request import REQUEST
from remediator.core.action import Action

__all__ = ["ACTIONS", "Connection"]

ACTIONS: tuple[Action[Any, Any], ...] = (PROBE, QUERY, REQUEST)
