"""Looks at the network between here and a service: names, connections, certificates, the parts of a request's time.

Belongs here: what is asked without a credential, and changes nothing. Must not be here: what a service
answers beyond its status (``http.probe``). Whom it asks is literal in the guide, or listed by the site.
"""

from remediator.actions.network import tls
from remediator.actions.network.place import Connection
from remediator.core.action import Library

__all__ = ["LIBRARIES", "Connection"]

LIBRARIES = (Library("cryptography", "network", lambda action, *_: action == tls.ACTION.name),)
