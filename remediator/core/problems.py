"""What is wrong with a file that a person wrote, as a value that can be shown with a caret."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from msgspec import Struct

from remediator.core.unprintable import one_line


class Problem(Struct, frozen=True):
    """One thing that is wrong, and where. Lines and columns count from 1; 0 means unknown."""

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    source: str = ""  #: the line as it stands in the file
    hint: str = ""  #: what may have been meant
    severity: str = "error"  #: ``error`` or ``warning``
    name: str = ""  #: of the check that found it, where it has one: what a comment can switch off

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (one_line(self.file), self.line, self.column) if part)
        said = one_line(f"{self.message} ({self.name})" if self.name else self.message)
        text = f"{place}: {self.severity}: {said}" if place else f"{self.severity}: {said}"
        if self.source:
            # A tab keeps its width, so that the caret stands under the right character.
            margin = "".join("\t" if char == "\t" else " " for char in self.source[: max(self.column - 1, 0)])
            text += f"\n    {self.source}\n    {margin}^"
        return f"{text}\n    {one_line(self.hint)}" if self.hint else text


def nearest(word: str, known: Iterable[str], most: int = 12) -> str:
    """Return ``did you mean "x"?`` for the known word nearest to this one, else the known words, ``most`` of them."""
    names = sorted(set(known))
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    if not names:
        return ""
    shown = ", ".join(names[:most]) + (", …" if len(names) > most else "")
    return f"known here: {shown}"
