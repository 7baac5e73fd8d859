"""Looks at the network between here and a service: names, connections, certificates, the parts of a request's time.

Belongs here: what is asked without a credential, and changes nothing. Must not be here: what a service
answers beyond its status (``http.probe``). Whom it asks is literal in the guide, or listed by the site.
"""

from typing import Any

from remediator.actions.network import dns, http, tcp, tls
from remediator.actions.network.place import Connection
from remediator.core.action import Action, Library

__all__ = ["ACTIONS", "LIBRARIES", "Connection"]

ACTIONS: tuple[Action[Any, Any], ...] = (dns.ACTION, http.ACTION, tcp.ACTION, tls.ACTION)

LIBRARIES = (Library("cryptography", "network", lambda action, *_: action == tls.ACTION.name),)
