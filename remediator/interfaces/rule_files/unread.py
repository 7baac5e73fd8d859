"""Rule files that nobody reads, since they end in ``.yml``: a warning each.

In the same folders other things end so: the daemon's own configuration, a workflow, Prometheus' rules. Only what has
rules or guides of ours in it is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from remediator.core.file_names import FileNameError, checked_pattern
from remediator.core.problems import Problem
from remediator.errors import ConfigurationError
from remediator.interfaces.documents import read_document
from remediator.interfaces.rule_files.patterns import ENDING, OTHER, passed_over, place_of
from remediator.interfaces.yaml_reading import LARGEST

_NAMED = 5  #: files that are told one by one
_LOOKED_INTO = 200


def unread_files(patterns: Iterable[str], root: Path, read: Collection[Path]) -> list[Problem]:
    """Return a warning for each rule file that only its name keeps from being read; ``read``: those that were."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        try:
            found.update(dict.fromkeys(passed_over(*place_of(checked_pattern(pattern), root))))
        except FileNameError:
            continue  # told where the pattern is looked for
    unread = [path for path in list(found)[:_LOOKED_INTO] if path not in read and _is_ours(path)]
    told = [_warning(f"is not read: rule files end in {ENDING}", _shown(path, root)) for path in unread[:_NAMED]]
    if more := len(unread) - _NAMED:
        told += [_warning(f"and {more} more that end in {OTHER} are not read")] if more > 0 else []
    return told


def hint_of(files: Collection[Path]) -> str:
    """Return what to say where a pattern names nothing and these files are passed over."""
    if not files:
        return ""
    names = ", ".join(path.name for path in list(files)[:_NAMED]) + (", …" if len(files) > _NAMED else "")
    return f"rule files end in {ENDING}; there are {names}"


def _is_ours(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            data: Any = read_document(file.read(LARGEST).decode(), str(path)).data
    except (OSError, UnicodeDecodeError, ConfigurationError):
        return False
    if not isinstance(data, dict):
        return False
    rules = data.get("rules")
    ours = [rule for rule in rules if isinstance(rule, dict) and "guide" in rule] if isinstance(rules, list) else []
    return bool(ours) or isinstance(data.get("guides"), dict)


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _warning(message: str, file: str = "") -> Problem:
    return Problem(message, file, severity="warning")
