"""Raise a rule's mode in its file, and leave everything else as it stands: comments, layout, quotes.

ruamel.yaml says where the mode stands; only that word is written. Then the file is read again, and must say the
same as before but for that mode: where it does not (a mode that comes from an anchor), nothing is written.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
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
                return source.path, position
    return None


def with_mode(text: str, rule: str, position: int, mode: Mode, file: str) -> str:
    """Return the file's text with that rule in that mode. Raise ConfigurationError where it cannot be done safely.

    ``rule`` is its whole name, ``position`` where it stood when the rules were read.
    """
    before = _read(text, file)
    found = _rule_at(before, position)
    if found is None or found.get("name") != _name_within(before, rule):
        said = f'the rule "{rule}" is not there any more: the file has changed since it was read'
        raise ConfigurationError((Problem(said, file, hint="try again"),))
    lines = text.splitlines(keepends=True)
    line = _put(lines, found, mode, file)
    made = "".join(lines)
    wanted = [dict(one) for one in before["rules"]]
    wanted[position] = {**wanted[position], "mode": str(mode)}
    after = _read(made, file)
    if [dict(one) for one in after["rules"]] != wanted or {**after, "rules": 0} != {**before, "rules": 0}:
        raise _by_hand(file, line, "something else would change with it")
    return made


def _rule_at(document: Any, position: int) -> CommentedMap | None:
    rules = document.get("rules") if isinstance(document, CommentedMap) else None
    found = rules[position] if isinstance(rules, list) and position < len(rules) else None
    return found if isinstance(found, CommentedMap) else None


def _name_within(document: CommentedMap, rule: str) -> str | None:
    """Return how its own file calls a rule; None: it cannot stand in this one."""
    pack = document.get("pack")
    if not pack:
        return rule
    return rule.removeprefix(f"{pack}/") if rule.startswith(f"{pack}/") else None


def _put(lines: list[str], rule: CommentedMap, mode: Mode, file: str) -> int:
    """Write the mode into the line where it belongs; return which one that is."""
    own = rule.lc.data or {}  # what is merged in stands elsewhere, and others may share it
    if "mode" in own:
        line, column = rule.lc.value("mode")
        found = _WORD.match(lines[line], column)
        if found is None:
            raise _by_hand(file, line, "its mode does not stand there as a plain word")
        rest = lines[line][found.end() :]
        if rest.lstrip(" ").startswith("#"):  # a comment stays in its column
            moved = len(found[2]) - len(mode)
            rest = " " * moved + rest if moved > 0 else rest[min(-moved, len(rest) - len(rest.lstrip(" ")) - 1) :]
        lines[line] = f"{lines[line][:column]}{found[1]}{mode}{found[1]}{rest}"
        return int(line)
    if "mode" in rule:
        raise _by_hand(file, rule.lc.line, "it comes from what is merged into the rule")
    line, column = rule.lc.key(_before_which(rule, own))
    end = "\r\n" if lines[line].endswith("\r\n") else "\n"
    put = f"mode: {mode}, " if rule.fa.flow_style() else f"mode: {mode}{end}{' ' * column}"
    lines[line] = f"{lines[line][:column]}{put}{lines[line][column:]}"
    return int(line)


def _before_which(rule: CommentedMap, own: Collection[Any]) -> str:
    """Return the key before which the mode is put: the guide's, or another one that does not begin the item."""
    names = [str(name) for name in rule if name in own]
    first = (rule.lc.line, rule.lc.col)
    later = [name for name in names if tuple(rule.lc.key(name)) != first]
    return "guide" if "guide" in later else (later or names)[0]


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
