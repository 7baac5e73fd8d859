"""/etc/resolv.conf: which servers, which search domains, from how many dots on a name is full (resolv.conf(5))."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from remediator.actions.network.place import is_address

PATH = "/etc/resolv.conf"
_BYTES = 65_536
_SERVERS, _DOMAINS, _DOTS = 3, 32, 15  #: what the C library reads of it; older ones read 6 domains


class ResolvConf(Struct, frozen=True):
    """What it says."""

    servers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    ndots: int = 1


def read_resolv_conf(path: str = PATH) -> ResolvConf:
    """Read the file; one that is missing or cannot be read says nothing."""
    try:
        with Path(path).open("rb") as file:
            return parse(file.read(_BYTES).decode(errors="replace"))
    except OSError:
        return ResolvConf()


def parse(text: str) -> ResolvConf:
    """Read its text. The last ``search`` or ``domain`` counts; what is not understood is passed over."""
    servers: list[str] = []
    search: tuple[str, ...] = ()
    ndots = 1
    for line in text.splitlines():
        if line[:1] in {"#", ";"}:
            continue
        word, *values = line.split()[: _DOMAINS + 1] or [""]
        if word == "nameserver" and values and is_address(values[0]):
            servers.append(values[0])
        elif word == "search":
            search = tuple(values)
        elif word == "domain":
            search = tuple(values[:1])
        elif word == "options":
            for option in values:
                name, _, number = option.partition(":")
                if name == "ndots" and number.isascii() and number.isdecimal() and len(number) < 4:  # noqa: PLR2004 -- the most is 15
                    ndots = min(int(number), _DOTS)
    return ResolvConf(tuple(servers[:_SERVERS]), search, ndots)


def candidates(name: str, search: tuple[str, ...], ndots: int) -> tuple[str, ...]:
    """Return the full names that a resolver tries for a name, in their order."""
    if name.endswith("."):
        return (name,)
    longer = tuple(f"{name}.{domain.strip('.')}" for domain in search if domain.strip("."))
    return (name, *longer) if name.count(".") >= ndots else (*longer, name)
