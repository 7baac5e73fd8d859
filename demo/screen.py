# ruff: noqa: INP001 -- the demo's scripts stand beside each other, they are no package
"""What the demo writes: 80 columns, colour on a terminal only and never with NO_COLOR (no-color.org)."""

from __future__ import annotations

import os
import textwrap
from typing import TextIO

WIDTH = 80
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Screen:
    """Writes lines to a stream."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        dumb = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        self._colour = out.isatty() and not dumb
        self._steps = 0

    def title(self, text: str) -> None:
        """Write the first line."""
        self._write(self._paint(text, "bold"))

    def step(self, text: str) -> None:
        """Begin the next numbered step."""
        self._steps += 1
        self._write("", self._paint(f"{self._steps}  {text}", "bold", "cyan"))

    def good(self, text: str) -> None:
        """Write what went well."""
        self._marked("✓", "green", text)

    def bad(self, text: str) -> None:
        """Write what is wrong."""
        self._marked("✗", "red", text)

    def wait(self, text: str) -> None:
        """Write what is not known yet."""
        self._marked("…", "yellow", text)

    def note(self, text: str) -> None:
        """Write what explains something."""
        for line in textwrap.wrap(text, WIDTH, initial_indent="   ", subsequent_indent="   "):
            self._write(self._paint(line, "dim"))

    def plain(self, *lines: str) -> None:
        """Write lines as they are."""
        self._write(*lines)

    def quote(self, lines: list[str]) -> None:
        """Write lines of others, folded; what stands without indentation is emphasised."""
        for line in lines:
            indent = len(line) - len(line.lstrip())
            folded = textwrap.wrap(
                line, WIDTH - 1, initial_indent="   ", subsequent_indent=" " * (indent + 5), break_on_hyphens=False,
                drop_whitespace=True,
            )  # fmt: skip
            self._write(*(self._paint(part, "bold") if not indent else part for part in folded or [""]))

    def _marked(self, mark: str, colour: str, text: str) -> None:
        first, *rest = textwrap.wrap(text, WIDTH - 5, break_on_hyphens=False) or [""]
        self._write(f"   {self._paint(mark, colour)} {first}", *(f"     {line}" for line in rest))

    def _paint(self, text: str, *styles: str) -> str:
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m" if self._colour else text

    def _write(self, *lines: str) -> None:
        self._out.write("".join(f"{line}\n" for line in lines))
        self._out.flush()
