"""What INFO says, as numbers. What a server leaves out (or writes wrong) is None."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from remediator.actions.redis.server import Server, words
from remediator.errors import PermanentError

_LINES = 20_000


class Facts(Struct, frozen=True):
    """One INFO answer."""

    fields: dict[str, str]

    def text(self, name: str) -> str:
        """Return a field's text; "" when it is absent."""
        return self.fields.get(name, "")

    def number(self, name: str) -> int | None:
        """Return a whole number of at most 18 digits."""
        text = self.fields.get(name, "")
        return int(text) if text.lstrip("-").isdecimal() and text.isascii() and len(text) < 19 else None  # noqa: PLR2004 -- digits of 64 bits

    def real(self, name: str) -> float | None:
        """Return a finite number."""
        try:
            value = float(self.fields.get(name, ""))
        except ValueError:
            return None
        return value if abs(value) < 1e18 else None  # noqa: PLR2004 -- beyond it, and NaN, it is no measurement

    def of(self, name: str) -> dict[str, str]:
        """Return what ``a=1,b=2`` holds (``db0``, ``latency_percentiles_usec_get``)."""
        pairs = (part.partition("=") for part in self.fields.get(name, "").split(","))
        return {key: value for key, is_pair, value in pairs if is_pair}

    @property
    def used_share(self) -> float | None:
        """Used memory by maxmemory; None when there is no limit."""
        return share(self.number("used_memory"), self.number("maxmemory"))

    @property
    def hit_rate(self) -> float | None:
        """Hits by lookups since the server started; None when there were none."""
        hits, misses = self.number("keyspace_hits"), self.number("keyspace_misses")
        return None if hits is None or misses is None else share(hits, hits + misses)


def share(part: int | None, of: int | None) -> float | None:
    """Return a share, rounded to 4 digits; None when one of them is unknown or there is nothing to share."""
    return round(part / of, 4) if part is not None and of else None


async def ask_facts(server: Server, *sections: str) -> Facts:
    """Ask INFO, and read ``name:value`` lines."""
    answer: Any = await server.ask("INFO", *sections)
    if not isinstance(answer, bytes):
        raise PermanentError(f"{server.place} answers INFO with what is none: {words(answer)}")
    lines = answer.decode(errors="replace").splitlines()[:_LINES]
    pairs = (line.partition(":") for line in lines if not line.startswith("#"))
    return Facts({name: value for name, is_pair, value in pairs if is_pair})
