"""Texts that a file may hold unquoted: ``30`` and ``true`` are read as text where text is wanted."""

from __future__ import annotations


def worded(value: object) -> object:
    """Return a whole number or a boolean as text. Raise ValueError for a fraction: 1.10 may have been meant as text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        raise ValueError("quote it: as a number it may be written in several ways")  # noqa: TRY004 -- pydantic
    return str(value) if isinstance(value, int) else value
