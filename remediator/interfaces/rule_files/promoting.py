"""Raise a rule's mode in its file, and leave everything else as it stands: comments, layout, quotes.

ruamel.yaml says where the mode stands; only that word is written. Then the file is read again, and must say the
same as before but for that mode: where it does not (a mode that comes from an anchor), nothing is written.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from remediator.core.problems import Problem
from remediator.core.transitions import Mode
from remediator.errors import ConfigurationError
from remediator.interfaces.rule_files.load import Loaded

_WORD = re.compile(r"(['\"]?)(observe|ask|auto)\1(?=[\s,}\]]|$)")


def place_of(loaded: Loaded, rule: str) -> tuple[Path, int] | None:
    """Return the file that a rule stands in, and its position under ``rules``."""
    for source in loaded.sources:
        for position, one in source.rules:
            if one.name == rule:
                return next(
                    (f for f in loaded.files if str(f) == one.file or str(f).endswith(one.file)), Path(one.file)
                ), position
    return None


def with_mode(text: str, position: int, mode: Mode, file: str) -> str:
    """Return the file's text with that rule in that mode. Raise ConfigurationError where it cannot be done safely."""
    before = _read(text, file)
    rule = before["rules"][position]
    lines = text.splitlines(keepends=True)
    if "mode" in rule:
        line, column = rule.lc.value("mode")
        found = _WORD.match(lines[line], column)
        if found is None:
            raise _by_hand(file, line, "its mode does not stand there as a plain word")
        rest = lines[line][found.end() :]
        if rest.lstrip(" ").startswith("#"):  # a comment stays in its column
            moved = len(found[2]) - len(mode)
            rest = " " * moved + rest if moved > 0 else rest[min(-moved, len(rest) - len(rest.lstrip(" ")) - 1) :]
        lines[line] = f"{lines[line][:column]}{found[1]}{mode}{found[1]}{rest}"
    else:
        line, column = rule.lc.key(_after_first(rule))
        flow = rule.fa.flow_style()
        put = f"mode: {mode}, " if flow else f"mode: {mode}\n{' ' * column}"
        lines[line] = f"{lines[line][:column]}{put}{lines[line][column:]}"
    made = "".join(lines)
    wanted = [dict(one) for one in before["rules"]]
    wanted[position] = {**wanted[position], "mode": str(mode)}
    after = _read(made, file)
    if [dict(one) for one in after["rules"]] != wanted or {**after, "rules": 0} != {**before, "rules": 0}:
        raise _by_hand(file, line, "something else would change with it")
    return made


def _after_first(rule: CommentedMap) -> str:
    """Return the key before which the mode is put: the guide's, or another one that does not begin the item."""
    names = list(rule)
    return "guide" if names[0] != "guide" else str(names[1])


def patch(before: str, after: str, file: str) -> str:
    """Return a unified diff, as ``patch -p1`` takes it."""
    name = file.lstrip("/")
    return "".join(
        difflib.unified_diff(
            before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}"
        )
    )


def _read(text: str, file: str) -> Any:
    try:
        return YAML(typ="rt").load(text)
    except YAMLError as error:
        raise ConfigurationError((Problem(f"cannot be read: {error}"[:500], file),)) from error


def _by_hand(file: str, line: int, why: str) -> ConfigurationError:
    return ConfigurationError((Problem(f"the mode is to be changed by hand: {why}", file, line + 1),))
