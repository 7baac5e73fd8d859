"""What stands in /proc (proc(5), and the kernel's Documentation/filesystems/proc.rst), read line by line.

What cannot be read is passed over: a kernel may leave out fields, and processes end while they are read.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

_MEMINFO = re.compile(r"^([A-Za-z0-9_()]+):\s+([0-9]{1,15}) kB$", re.ASCII | re.MULTILINE)
_KIB = 1024
_LISTENS = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}  #: include/net/tcp_states.h
_INODE_FIELD = 9
#: Fields of stat after the name, counted from the state (field 3): utime 14, stime 15, rss 24.
_UTIME, _STIME, _RSS = 11, 12, 21
_CPU_FIELDS = 8  #: user nice system idle iowait irq softirq steal; guests are counted in user and nice


class Cpu(NamedTuple):
    """Ticks of all processors together, since the start."""

    total: int
    idle: int
    waiting: int  #: of idle, those while a disk was waited for
    stolen: int  #: taken by the hypervisor
    processors: int


class Process(NamedTuple):
    """One process."""

    pid: int
    name: str  #: 15 characters at most; never its command line
    ticks: int  #: that it has used
    pages: int  #: in memory


class Listening(NamedTuple):
    """One socket that waits for others."""

    protocol: str
    address: str
    port: int
    inode: int


def meminfo(text: str) -> dict[str, int]:
    """Return what /proc/meminfo says, in bytes."""
    return {name: int(number) * _KIB for name, number in _MEMINFO.findall(text)}


def cpu(text: str) -> Cpu | None:
    """Return what /proc/stat says; None when it says nothing."""
    lines = [line.split() for line in text.splitlines() if line.startswith("cpu")]
    numbers = next((line[1 : 1 + _CPU_FIELDS] for line in lines if line[0] == "cpu"), [])
    if len(numbers) < _CPU_FIELDS or not all(_is_number(number) for number in numbers):
        return None
    ticks = [int(number) for number in numbers]
    return Cpu(sum(ticks), ticks[3] + ticks[4], ticks[4], ticks[7], max(len(lines) - 1, 1))


def load(text: str) -> tuple[float, float, float] | None:
    """Return the load of 1, 5 and 15 minutes that /proc/loadavg says."""
    found = re.match(r"([0-9]{1,6}\.[0-9]{2}) ([0-9]{1,6}\.[0-9]{2}) ([0-9]{1,6}\.[0-9]{2}) ", text, re.ASCII)
    return (float(found[1]), float(found[2]), float(found[3])) if found else None


def process(line: str) -> Process | None:
    """Return what a line of /proc/PID/stat says. The name may hold blanks and brackets."""
    start, end = line.find(" ("), line.rfind(") ")
    fields = line[end + 2 :].split()
    if start < 0 or end < start or len(fields) <= _RSS:
        return None
    numbers = (line[:start], fields[_UTIME], fields[_STIME], fields[_RSS])
    if not all(_is_number(number) for number in numbers):
        return None
    pid, utime, stime, rss = map(int, numbers)
    name = "".join(char if char.isprintable() else " " for char in line[start + 2 : end][:64])
    return Process(pid, name, utime + stime, rss)


def listening(protocol: str, text: str) -> list[Listening]:
    """Return the sockets of /proc/net/PROTOCOL that wait for others."""
    found = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) <= _INODE_FIELD or fields[3] != _LISTENS[protocol] or not _is_number(fields[_INODE_FIELD]):
            continue
        place = re.fullmatch(r"([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})", fields[1])
        if place:
            found.append(Listening(protocol, _address(place[1]), int(place[2], 16), int(fields[_INODE_FIELD])))
    return found


def _address(text: str) -> str:
    """Return the address that the kernel writes as words in its own byte order (little-endian ones)."""
    words = bytes.fromhex(text)
    raw = b"".join(words[at : at + 4][::-1] for at in range(0, len(words), 4))
    address: IPv4Address | IPv6Address = ip_address(raw)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 20  # noqa: PLR2004 -- digits of 64 bits
