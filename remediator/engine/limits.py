"""How many steps are in flight, in all and per backend. A run takes its places before it writes its intent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping


class Slots:
    """Places for steps in flight. Taking is by run and may be repeated: it replaces what the run had."""

    def __init__(self, total: int, per_backend: int, backends: Mapping[str, int] | None = None) -> None:
        self.total = total
        self._default = per_backend
        self._limits = dict(backends or {})
        self._held: dict[str, tuple[str, ...]] = {}
        self._used: Counter[str] = Counter()
        self.in_use = 0
        self.closed = False  #: nothing more begins: the process is about to end

    @property
    def any_free(self) -> bool:
        """Whether there is a place at all."""
        return self.in_use < self.total and not self.closed

    def limit_of(self, backend: str) -> int:
        """Return how many steps may be in flight at this backend."""
        return self._limits.get(backend, self._default)

    def take(self, run: str, backends: Iterable[str]) -> str | None:
        """Take a place for each step. Return None, or what is full: a backend, or ``everything``.

        Steps of one run that want the same backend never ask for more places than it has.
        """
        self.release(run)
        if self.closed:
            return "everything"
        names = tuple(backends)
        if len(names) == 1 and self._used[names[0]] < self.limit_of(names[0]) and self.in_use < self.total:
            self._held[run] = names  # nearly always
            self._used[names[0]] += 1
            self.in_use += 1
            return None
        wanted = Counter(names)
        for backend, count in wanted.items():
            limit = self.limit_of(backend)
            if self._used[backend] + min(count, limit) > limit:
                return backend
        if self.in_use + min(wanted.total(), self.total) > self.total:
            return "everything"
        places: list[str] = []
        for backend, count in wanted.items():
            places += [backend] * min(count, self.limit_of(backend))
        self._held[run] = tuple(places[: self.total])
        self._used.update(self._held[run])
        self.in_use += len(self._held[run])
        return None

    def release(self, run: str) -> tuple[str, ...]:
        """Give a run's places back; return their backends."""
        places = self._held.pop(run, ())
        for backend in places:
            self._used[backend] -= 1
            if not self._used[backend]:
                del self._used[backend]
        self.in_use -= len(places)
        return places

    def used(self) -> Mapping[str, int]:
        """Return the places in use by backend."""
        return dict(self._used)
