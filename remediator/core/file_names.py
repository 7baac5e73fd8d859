"""Names and patterns of files as people write them; what would be refused only where it is opened is said before."""

from __future__ import annotations

import re
from pathlib import Path, PurePath
from typing import Annotated, TypeVar

from msgspec import Struct
from pydantic import AfterValidator

N = TypeVar("N", str, Path)


class FileNameError(ValueError):
    """No file can have this name; ``offset`` counts characters from its start."""

    def __init__(self, message: str, hint: str, offset: int = 0) -> None:
        super().__init__(message)
        self.hint, self.offset = hint, offset


def checked_name(name: N) -> N:
    """Return the name of a file. Raise FileNameError for what no system takes."""
    if (at := str(name).find("\0")) >= 0:
        raise FileNameError("a file's name has no NUL character", "leave it out", at)
    return name


def checked_pattern(pattern: str) -> str:
    """Return a pattern of files. Raise FileNameError for one that can mean none."""
    path = PurePath(checked_name(pattern))
    if pattern.endswith("/") or path == PurePath(path.anchor):
        raise FileNameError(f'"{pattern}" names no rule file', 'name a file, or write a pattern: "rules/**/*.yaml"')
    if any("**" in part and part != "**" for part in path.parts):
        parts = (part if part == "**" else re.sub(r"\*+", "*", part) for part in path.parts)
        raise FileNameError('"**" stands for folders, between slashes', f'write "{PurePath(*parts)}"')
    return pattern


FileName = Annotated[Path, AfterValidator(checked_name)]
FilePattern = Annotated[str, AfterValidator(checked_pattern)]


class ReadAtUse(Struct, frozen=True):
    """Marks a field of a connection (in its ``Annotated``) as files that each use of the connection reads."""

    secret: bool = False  #: whether one line stands there, a secret
    kubeconfig: bool = False  #: whether "~" and several between ":" are understood, as kubectl does


UsedFile = Annotated[str, ReadAtUse()]
"""A file, from the folder that the daemon was started in; empty: none."""
SecretFile = Annotated[str, ReadAtUse(secret=True)]
"""The same, of a file that holds a secret."""
