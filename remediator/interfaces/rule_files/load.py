"""Find, read and join rule files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from remediator.core.guide import GuideText, NamedIntervals, RuleFileText, RuleText
from remediator.core.problems import Problem
from remediator.core.rules import Guide, Rule, RuleTable
from remediator.errors import ConfigurationError
from remediator.interfaces.documents import Document, problem_at, read_document, validate
from remediator.interfaces.rule_files.guides import make_guide
from remediator.interfaces.rule_files.intervals import missing_intervals, named_intervals
from remediator.interfaces.rule_files.rules import make_rule

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A rule table, and what its files should rather say."""

    table: RuleTable
    warnings: tuple[Problem, ...] = ()
    files: tuple[Path, ...] = ()


def load_rules(patterns: Iterable[str], root: Path) -> Loaded:
    """Return the table of all rule files, in the order of the patterns and then of their names.

    Raises ConfigurationError with everything that is wrong in any of them.
    """
    problems: list[Problem] = []
    files = find_files(patterns, root, problems)
    read: list[_File] = []
    digest = hashlib.sha256()
    for path in files:
        shown = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
        try:
            text = path.read_text("utf-8")
            digest.update(text.encode())
            read.append(_parts(read_document(text, shown), problems))
        except ConfigurationError as error:
            problems += error.problems
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(f"cannot be read: {error}", shown))
    guides = _guides(read, problems)
    rules = _rules(read, guides, problems)
    intervals = named_intervals(((file.document, file.intervals) for file in read), problems)
    for file in read:
        for position, rule in file.rules:
            problems += missing_intervals(file.document, position, rule, intervals)
    errors = tuple(problem for problem in problems if problem.severity == "error")
    if errors:
        raise ConfigurationError(errors)
    return Loaded(RuleTable.of(rules, digest.hexdigest()[:12], intervals), tuple(problems), files)


@dataclass(frozen=True, slots=True)
class _File:
    """A rule file's parts; those that are wrong in themselves are left out, or None."""

    document: Document
    rules: tuple[tuple[int, RuleText], ...]  #: with their positions
    guides: Mapping[str, GuideText | None]
    intervals: tuple[NamedIntervals, ...] = ()


def _parts(document: Document, problems: list[Problem]) -> _File:
    """Return the file's parts: what is wrong with one of them hides nothing of the others."""
    try:
        text = validate(document, RuleFileText)
        return _File(document, tuple(enumerate(text.rules)), text.guides, text.time_intervals)
    except ConfigurationError as error:
        problems += error.problems
    data = document.data if isinstance(document.data, dict) else {}
    rules, guides = data.get("rules"), data.get("guides")
    count = len(rules) if isinstance(rules, list) else 0
    names = [name for name in guides if isinstance(name, str)] if isinstance(guides, dict) else []
    read = [(position, _part(document, RuleText, ("rules", position))) for position in range(count)]
    return _File(
        document,
        tuple((position, rule) for position, rule in read if rule is not None),
        {name: _part(document, GuideText, ("guides", name)) for name in names},
    )


def _part(document: Document, model: type[M], path: tuple[str | int, ...]) -> M | None:
    try:
        return validate(document, model, path)
    except ConfigurationError:  # told with the whole file
        return None


def find_files(patterns: Iterable[str], root: Path, problems: list[Problem]) -> tuple[Path, ...]:
    """Return the files that the patterns name, each once. A pattern that names none is a problem."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        path = Path(pattern)
        start, rest = (Path(path.anchor), str(path.relative_to(path.anchor))) if path.is_absolute() else (root, pattern)
        # Unit tests of rules lie beside them.
        files = sorted(p for p in start.glob(rest) if p.is_file() and not p.stem.endswith("_test"))
        if not files:
            problems.append(Problem(f'no rule file matches "{pattern}" (looked in {start})'))
        found.update(dict.fromkeys(files))
    return tuple(found)


def _guides(files: list[_File], problems: list[Problem]) -> dict[str, Guide | None]:
    """Return guides by name; None for one that is wrong, so that rules about it are not blamed too."""
    guides: dict[str, Guide | None] = {}
    origin: dict[str, str] = {}
    for file in files:
        document = file.document
        for name, guide in file.guides.items():
            place = ("guides", name)
            if name in guides:
                message = f'the guide "{name}" stands in {origin[name]} already'
                problems.append(problem_at(document, place, message, on_key=True))
                continue
            origin[name] = document.file
            guides[name] = _guide(document, name, guide, problems) if guide is not None else None
    return guides


def _guide(document: Document, name: str, text: GuideText, problems: list[Problem]) -> Guide | None:
    made, found = make_guide(document, name, text)
    problems += found
    return None if found else made


def _rules(files: list[_File], guides: dict[str, Guide | None], problems: list[Problem]) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    origin: dict[str, str] = {}
    for file in files:
        document = file.document
        for position, rule in file.rules:
            if rule.name in origin:
                message = f'the rule "{rule.name}" stands in {origin[rule.name]} already'
                problems.append(problem_at(document, ("rules", position, "name"), message))
            origin[rule.name] = document.file
            made, found = make_rule(document, position, rule, guides)
            problems += found
            if made is not None:
                rules.append(made)
    return tuple(rules)
