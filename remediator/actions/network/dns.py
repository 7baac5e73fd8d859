"""``network.dns``: do names resolve, to what, how fast, and at which servers.

The system's resolver is asked as every program asks it. Servers are asked directly, short names with
the search domains of resolv.conf, so that what one server does not know is seen.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from time import perf_counter
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from remediator.actions.context import Context
from remediator.actions.network.ask_server import ask_server
from remediator.actions.network.message import NO_ERROR, NO_NAME, REFUSED, Kind
from remediator.actions.network.place import Connection, DnsServers, Hosts, is_address, resolve, server_of
from remediator.actions.network.resolv_conf import ResolvConf, candidates, read_resolv_conf
from remediator.core.action import Action, CheckOutputs, NamesConnection, Parameters
from remediator.core.durations import Duration, show_duration

SYSTEM = "system"
_NAMES, _SERVERS, _SHOWN = 10, 5, 20
_FAMILIES: dict[str, tuple[socket.AddressFamily, tuple[Kind, ...]]] = {
    "any": (socket.AF_UNSPEC, ("A", "AAAA")), "ipv4": (socket.AF_INET, ("A",)), "ipv6": (socket.AF_INET6, ("AAAA",)),
}  # fmt: skip
_CODES = {NO_ERROR: "no address", NO_NAME: "no such name", REFUSED: "refused"}


def _is_network(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError as error:
        raise ValueError(f'"{text}" is neither an address nor a network such as 10.0.0.0/8') from error
    return text


class DnsParameters(Parameters):
    """Which names, whom to ask, and what must hold."""

    names: Hosts = Field((), max_length=_NAMES, description="Names to resolve, short or full; literal.")
    connection: Annotated[str, NamesConnection()] = Field(
        "", description="Name of an entry under connections.network: its host and names, and its servers."
    )
    servers: DnsServers = Field(
        (), max_length=_SERVERS, description='DNS servers to ask directly, such as "10.96.0.10"; literal.'
    )
    nameservers: bool = Field(False, description="Whether to ask each server of resolv.conf directly, too.")
    system: bool = Field(True, description="Whether to ask the system's resolver, as other programs do.")
    search: Hosts | None = Field(
        None, max_length=_SERVERS, description="Search domains for servers asked directly; else those of resolv.conf."
    )
    family: Literal["any", "ipv4", "ipv6"] = Field("any", description="Which addresses to ask for.")
    expect: tuple[Annotated[str, AfterValidator(_is_network)], ...] = Field(
        (), max_length=16, description="Addresses or networks (10.0.0.0/8) that all answers must lie in."
    )
    latency_below: Duration | None = Field(None, description="Every answer must be here within this time.")
    timeout: Duration = Field(3.0, gt=0, le=30, description="How long to wait for each answer; later is none.")

    @model_validator(mode="after")
    def _whom(self) -> DnsParameters:
        if bool(self.names) == bool(self.connection):
            raise ValueError("give one of names and connection")
        if not (self.system or self.servers or self.nameservers or self.connection):
            raise ValueError("nobody is asked: give servers, or leave system at true")
        return self


class DnsAnswer(BaseModel):
    """What one resolver said about one name."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: str = Field(description="The name asked for.")
    server: str = Field(description='"system", or the server asked directly.')
    status: str = Field(
        description='"found", "no such name", "no address", "refused", "server failed", "no answer" or "unreachable".'
    )
    full_name: str = Field("", description="The full name that was found, where a search domain was added.")
    addresses: list[str] = Field(description="What it resolves to, at most 20.")
    milliseconds: float = Field(description="Until the answer was there, search domains included.")


class DnsOutputs(CheckOutputs):
    """What all of them said."""

    holds: bool = Field(description="Whether every name was found at everybody asked, as expected and in time.")
    reason: str = Field("", description="Why, in a sentence.")
    answers: list[DnsAnswer] = Field(description="One for each name and resolver.")
    found: int = Field(description="Answers with an address.")
    failed: int = Field(description="Answers without one.")
    slowest_ms: float = Field(description="The longest time until an answer.")
    nameservers: list[str] = Field(description="Servers in resolv.conf.")
    search: list[str] = Field(description="Search domains in resolv.conf.")
    ndots: int = Field(description="From so many dots on a name is tried as it is first.")


async def perform(p: DnsParameters, context: Context) -> DnsOutputs:
    """Ask everybody at the same time. Never raises for what is found."""
    names, servers = p.names, p.servers
    if p.connection:
        entry: Connection = context.connection("network", p.connection)
        names, servers = (entry.host, *entry.names), p.servers or entry.servers
    conf = read_resolv_conf()
    if p.nameservers:
        servers = (*servers, *(server for server in conf.servers if server not in servers))
    asked = [_by_system(p, name) for name in names] if p.system else []
    asked += [_by_server(p, name, server, conf) for name in names for server in servers]
    answers = list(await asyncio.gather(*asked))
    wrong = [said for answer in answers for said in _wrong(p, answer)]
    slowest = max((answer.milliseconds for answer in answers), default=0.0)
    return DnsOutputs(
        holds=bool(answers) and not wrong,
        reason="; ".join(wrong[:5]) or (f"all found, at most in {slowest:.0f} ms" if answers else "nobody was asked"),
        answers=answers,
        found=sum(answer.status == "found" for answer in answers),
        failed=sum(answer.status != "found" for answer in answers),
        slowest_ms=slowest,
        nameservers=list(conf.servers),
        search=list(conf.search),
        ndots=conf.ndots,
    )


async def _by_system(p: DnsParameters, name: str) -> DnsAnswer:
    began = perf_counter()
    try:
        async with asyncio.timeout(p.timeout):
            found = await resolve(name, _FAMILIES[p.family][0])
    except TimeoutError:
        return _answer(name, SYSTEM, "no answer", began)
    return _answer(name, SYSTEM, found.failure or "found", began, addresses=found.addresses)


async def _by_server(p: DnsParameters, name: str, server: str, conf: ResolvConf) -> DnsAnswer:
    began, status = perf_counter(), "no such name"
    search = conf.search if p.search is None else p.search
    try:
        async with asyncio.timeout(p.timeout):
            for full in (name,) if is_address(name) else candidates(name, search, conf.ndots):
                status, addresses = await _ask(server_of(server), full, _FAMILIES[p.family][1])
                if addresses:
                    return _answer(name, server, "found", began, full="" if full == name else full, addresses=addresses)
                # As resolvers do: only a server that knows no such name is asked for the next one.
                if status not in {"no such name", "no address"}:
                    break
    except TimeoutError:
        status = "no answer"
    except (OSError, ValueError):
        status = "unreachable"
    return _answer(name, server, status, began)


async def _ask(server: tuple[str, int], name: str, kinds: tuple[Kind, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the status for a name that has no address, and the addresses."""
    said = await asyncio.gather(*(ask_server(server, name, kind) for kind in kinds))
    addresses = tuple(address for each in said for address in each.addresses)
    return _CODES.get(max(each.code for each in said), "server failed"), addresses


def _answer(
    name: str, server: str, status: str, began: float, *, full: str = "", addresses: tuple[str, ...] = ()
) -> DnsAnswer:
    taken = round((perf_counter() - began) * 1000, 3)
    shown = list(addresses[:_SHOWN])
    return DnsAnswer(name=name, server=server, status=status, full_name=full, addresses=shown, milliseconds=taken)


def _wrong(p: DnsParameters, answer: DnsAnswer) -> Iterator[str]:
    """Yield what is wrong with one answer."""
    who = "the system's resolver" if answer.server == SYSTEM else answer.server
    if answer.status != "found":
        yield f"{answer.name} at {who}: {answer.status}"
        return
    networks: list[IPv4Network | IPv6Network] = [ip_network(text, strict=False) for text in p.expect]
    elsewhere = [
        text for text in answer.addresses if networks and not any(ip_address(text) in network for network in networks)
    ]
    if elsewhere:
        yield f"{answer.name} at {who} is {elsewhere[0]}, which is not expected"
    if p.latency_below is not None and answer.milliseconds >= p.latency_below * 1000:
        limit = show_duration(p.latency_below)
        yield f"{answer.name} at {who} took {answer.milliseconds:.0f} ms, not less than {limit}"


ACTION: Action[DnsParameters, DnsOutputs] = Action(
    name="network.dns",
    summary="Looks whether names resolve, short and full, by the system's resolver and at DNS servers, and how fast.",
    parameters=DnsParameters,
    outputs=DnsOutputs,
    perform=perform,
    backend=lambda p: f"network/{p.connection or p.names[0]}",
)
