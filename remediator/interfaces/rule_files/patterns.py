"""Which files a pattern of rule files names, and which it passes over only for how they end."""

from __future__ import annotations

import stat
from pathlib import Path

ENDING, OTHER = ".yaml", ".yml"


def matching(start: Path, pattern: str) -> list[Path]:
    """Return the files below ``start`` that a pattern names, in their order. OSError.

    Unit tests of rules lie beside them and are passed over; so are folders whose names begin with
    two dots: there Kubernetes keeps the versions of a mounted ConfigMap, and links lead to them.
    """
    wanted = tuple(part for part in Path(pattern).parts if part.startswith(".."))
    return sorted(
        p
        for p in start.glob(pattern)
        if _is_file(p)
        and not p.stem.endswith("_test")
        and tuple(part for part in p.relative_to(start).parts if part.startswith("..")) == wanted
    )


def passed_over(start: Path, pattern: str) -> list[Path]:
    """Return the files that a pattern ``*.yaml`` would name if they did not end in ``.yml``."""
    if not pattern.endswith(f"*{ENDING}"):
        return []
    try:
        return matching(start, pattern.removesuffix(ENDING) + OTHER)
    except OSError:
        return []  # told where the pattern itself is looked for


def place_of(pattern: str, root: Path) -> tuple[Path, str]:
    """Return the folder from which a pattern counts, and the rest of it."""
    path = Path(pattern)
    return (Path(path.anchor), str(path.relative_to(path.anchor))) if path.is_absolute() else (root, pattern)


def _is_file(path: Path) -> bool:
    """Whether it is a file, or may be one: what cannot be looked at is a problem when it is read."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False  # a link that leads nowhere
    except OSError:
        return True
