"""Names as Kubernetes allows them, refused before anything is asked of a server.

Source: Kubernetes, "Object Names and IDs": an RFC 1123 label has at most 63 characters, an
RFC 1123 subdomain at most 253. Neither can hold a slash, a percent sign or a space, so a name may
stand in a path and in a target as it is.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from remediator.core.action import NamesConnection

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"

Label = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=f"^{_LABEL}$")]
"""A namespace or a container: lower-case letters, digits and dashes."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=rf"^{_LABEL}(?:\.{_LABEL})*$")]
"""A workload or a pod: labels joined by dots."""
ConnectionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][-A-Za-z0-9_.]{0,62}$"), NamesConnection()]
"""An entry under ``connections.kubernetes``."""

Kind = Literal["deployment", "statefulset", "daemonset"]
