"""Certificates and keys that stand in a kubeconfig, or come from a plug-in, as files for a moment.

Python's ssl takes a client's certificate and key from files only. kubernetes_asyncio writes them to files that it
leaves behind, private keys among them: it keeps their descriptors open and their names for good, so that a client
cannot be made any more when somebody has tidied up the directory. Here they are files while a client is made, on
Linux in memory only.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from typing import Any, Self


class InlineFiles:
    """Makes files, to be found by their names until the end of its ``with``; nothing is left of them then."""

    def __init__(self) -> None:
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def make(self, content: bytes) -> str:
        """Return the name of a new file with this content, which only our user can read."""
        file: Any
        if hasattr(os, "memfd_create"):
            file = os.fdopen(os.memfd_create("kubeconfig"), "wb")
            name = f"/proc/self/fd/{file.fileno()}"
        else:
            file = tempfile.NamedTemporaryFile()  # noqa: SIM115 -- it is closed with all others
            name = file.name
        self._open.enter_context(file)
        file.write(content)
        file.flush()
        return name


def for_a_moment(file_or_data: Any) -> Any:
    """Return the library's class FileOrData with another way to make files, where it is handed InlineFiles.

    Its loaders hand on what they are given as ``temp_file_path``. With a directory or nothing it does as before.
    """

    class Inline(file_or_data):  # type: ignore[misc]  # the library is loaded at run time, and has no types
        def __init__(self, *args: Any, temp_file_path: Any = None, **named: Any) -> None:
            self._ours = temp_file_path if isinstance(temp_file_path, InlineFiles) else None
            super().__init__(*args, temp_file_path=None if self._ours else temp_file_path, **named)

        def _create_temp_file_with_content(self, content: str | bytes) -> str:
            if self._ours is None:
                made: str = super()._create_temp_file_with_content(content)
                return made
            return self._ours.make(content.encode() if isinstance(content, str) else content)

    return Inline
