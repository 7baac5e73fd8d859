"""What a language gets to see of a template, and what it answers."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

Put = Callable[[object], str]
"""Writes one value as it must stand in its place. RenderError when it must not stand there."""
Check = Callable[[str], None]
"""Judges the whole result, for what shows only then. RenderError when it must not leave."""


class Pieces(Struct, frozen=True):
    """A template's literal texts; between each two of them stands one value."""

    literals: tuple[str, ...]  #: one more than there are values; may be empty
    starts: tuple[int, ...]  #: offset of each literal in the template's source

    def hole(self, index: int) -> int:
        """Return the offset of a value's opening braces."""
        return self.starts[index] + len(self.literals[index])


class Escapes(Struct, frozen=True):
    """How each value of a template is written, and what is asked of the result."""

    puts: tuple[Put, ...]
    check: Check | None = None
