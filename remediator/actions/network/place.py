"""Whom to ask: a host that is literal in the guide, or an entry that the site lists. Never what a label says."""

from __future__ import annotations

import asyncio
import re
import socket
from ipaddress import ip_address
from time import perf_counter
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from remediator.actions.context import Context
from remediator.core.action import Fixed, Lands, NamesConnection, Parameters
from remediator.core.file_names import UsedFile
from remediator.errors import PermanentError

_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NAME = 253  #: characters in a name, RFC 1035, section 2.3.4
_ADDRESSES = 16  #: addresses of one name that are kept


def is_address(text: str) -> bool:
    """Whether this is an IPv4 or IPv6 address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_host(text: str) -> str:
    if is_address(text):
        return text
    labels = text.removesuffix(".").split(".")
    if len(text) > _NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("a host is a name of letters, digits, - and _ between dots, or an IP address")
    return text


def _is_server(text: str) -> str:
    server_of(text)
    return text


Host = Annotated[Fixed, AfterValidator(_is_host)]
"""A host's name or address, literal."""
Port = Annotated[int, Lands.LITERAL, Field(ge=1, le=65_535)]
"""A port, literal."""
DnsServer = Annotated[Fixed, AfterValidator(_is_server)]
"""The address of a DNS server, literal: ``10.0.0.10``, ``10.0.0.10:5353``, ``[::1]:53``."""

#: Neither an element nor the list as a whole may be rendered.
Hosts = Annotated[tuple[Host, ...], Lands.LITERAL]
DnsServers = Annotated[tuple[DnsServer, ...], Lands.LITERAL]


def server_of(text: str) -> tuple[str, int]:
    """Return address and port of a DNS server. Raise ValueError when it is none."""
    found = re.fullmatch(r"\[([0-9a-fA-F:.]+)\](?::([0-9]{1,5}))?|([0-9.]+):([0-9]{1,5})|([0-9a-fA-F:.]+)", text)
    address = (found[1] or found[3] or found[5]) if found else ""
    port = int((found[2] or found[4] or 53) if found else 0)
    if not is_address(address) or not 0 < port < 65_536:  # noqa: PLR2004 -- the ports that there are
        raise ValueError('a DNS server is an IP address, with a port where it is not 53: "10.0.0.10:5353"')
    return address, port


class Connection(BaseModel):
    """One entry under ``connections.network``: a place that rules may ask about by its name."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    host: Host = Field(description="Host name or IP address.")
    port: Port | None = Field(None, description="TCP port; none: what the action takes by itself, such as 443.")
    names: Hosts = Field((), max_length=10, description="Further names for network.dns, such as short ones.")
    servers: DnsServers = Field((), max_length=5, description="DNS servers that network.dns asks directly.")
    server_name: Host | None = Field(None, description="Name to ask a certificate for, where it is not the host's.")
    ca_file: UsedFile = Field("", description="PEM file of the only authorities to trust; empty: the system's.")


class PlaceParameters(Parameters):
    """What every action's parameters begin with."""

    host: Host | None = Field(None, description="Host name or IP address, literal. Instead of connection.")
    connection: Annotated[str, NamesConnection()] = Field(
        "", description="Name of an entry under connections.network; a template may choose it."
    )

    @model_validator(mode="after")
    def _one(self) -> PlaceParameters:
        if (self.host is None) == (not self.connection):
            raise ValueError("give one of host and connection")
        return self


class PortParameters(PlaceParameters):
    """The same, with a port."""

    port: Port | None = Field(None, description="With host: the TCP port, literal.")

    @model_validator(mode="after")
    def _one_port(self) -> PortParameters:
        if self.connection and self.port is not None:
            raise ValueError("with a connection, the port stands in its configuration")
        return self


def entry_of(parameters: PlaceParameters, context: Context) -> Connection:
    """Return the entry, or one made of the literal host. PermanentError when it is not configured."""
    if parameters.host is not None:
        return Connection(host=parameters.host, port=getattr(parameters, "port", None))
    entry: Connection = context.connection("network", parameters.connection)
    return entry


def port_of(entry: Connection, default: int | None = None) -> int:
    """Return the port to connect to. PermanentError when nothing says it."""
    port = entry.port or default
    if port is None:
        raise PermanentError(f"no port is given for {entry.host}")
    return port


def backend(parameters: PlaceParameters) -> str:
    """Return ``network/NAME`` of a connection, or ``network/host``."""
    return f"network/{parameters.connection or parameters.host}"


class Resolved(NamedTuple):
    """What the system's resolver said."""

    addresses: tuple[str, ...]
    milliseconds: float
    failure: str  #: why there are none: a status of ``network.dns``


#: What getaddrinfo's codes mean for a person; others are "server failed".
_FAILURES = {
    socket.EAI_NONAME: "no such name",
    socket.EAI_AGAIN: "no answer",
    getattr(socket, "EAI_NODATA", socket.EAI_NONAME): "no address",
    getattr(socket, "EAI_ADDRFAMILY", socket.EAI_NONAME): "no address",
}


async def resolve(host: str, family: socket.AddressFamily = socket.AF_UNSPEC) -> Resolved:
    """Ask the system's resolver, as every program on this host does: /etc/hosts, resolv.conf and all."""
    began = perf_counter()
    failure, found = "", []
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, family=family, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        failure = _FAILURES.get(error.errno or 0, "server failed")
    except (OSError, UnicodeError):
        failure = "server failed"
    addresses = tuple(dict.fromkeys(str(each[4][0]) for each in found))[:_ADDRESSES]
    return Resolved(addresses, (perf_counter() - began) * 1000, failure)
