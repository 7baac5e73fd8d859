"""Join rule files to one table: names made whole, duplicates refused, guides and rules made ready."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from remediator.core.problems import Problem
from remediator.core.rules import Guide, Rule, RuleTable
from remediator.errors import ConfigurationError
from remediator.interfaces.documents import Document, problem_at
from remediator.interfaces.documents import Path as Place
from remediator.interfaces.rule_files.connections import Configured, with_connections
from remediator.interfaces.rule_files.extras import Connections, missing_extras
from remediator.interfaces.rule_files.guides import make_guide
from remediator.interfaces.rule_files.intervals import missing_intervals, named_intervals
from remediator.interfaces.rule_files.reading import Asker, Reading, RuleFile, find_files
from remediator.interfaces.rule_files.rules import make_rule
from remediator.interfaces.rule_files.unread import unread_files

_NOTHING_TO_SILENCE = "there is no Alertmanager at which the alert could be silenced"
_SILENCE_HINT = "configure connections.alertmanager.default, or leave silence out"


class Source(Struct, frozen=True):
    """One file and what was made of it, with its place in the file."""

    document: Document
    rules: tuple[tuple[int, Rule], ...] = ()  #: by position under ``rules``
    guides: tuple[tuple[str, Guide], ...] = ()  #: by key under ``guides``
    pack: str = ""
    path: Path = Path()  #: where it was read


class Loaded(Struct, frozen=True):
    """A rule table, and what its files should rather say."""

    table: RuleTable
    warnings: tuple[Problem, ...] = ()
    files: tuple[Path, ...] = ()  #: all that were read, included ones too
    digests: Mapping[Path, str] = field(default_factory=dict)  #: of these files' contents
    sources: tuple[Source, ...] = ()
    unread: tuple[Problem, ...] = ()  #: of the warnings those about files that only their name keeps out


def load_rules(
    patterns: Iterable[str], root: Path, connections: Configured | None = None, *, every: frozenset[str] = frozenset(),
    run_with: Connections | None = None, asked_by: Asker | None = None,
) -> Loaded:  # fmt: skip
    """Return the table of all rule files, in the order of the patterns and then of their names.

    ``connections``: the configured ones, by system and name; with them a rule that names another is wrong.
    Of the systems in ``every`` any name is right. ``run_with``: the same of rules that are to be run in this process;
    what their steps need must be installed. ``asked_by``: where the patterns stand.
    Raises ConfigurationError with everything that is wrong in any of them.
    """
    reading, patterns = Reading(root), tuple(patterns)
    found = find_files(patterns, root, reading.problems, asked_by)
    reading.unread = bool(reading.problems)
    for path in found:
        reading.read(path)
    sources = _sources(reading)
    intervals = named_intervals(((file.document, file.intervals) for file in reading.files), reading.problems)
    for file in reading.files if reading.names_intervals else ():
        for position, rule in file.rules:
            reading.problems += missing_intervals(file.document, position, rule, intervals)
    connections = connections if run_with is None else run_with
    if connections is not None:
        sources = _connected(sources, connections, every, reading.problems)
    if run_with is not None:
        reading.problems += _extras(sources, run_with)
    order = {file.document.file: position for position, file in enumerate(reading.files)}
    unread = unread_files(patterns, root, reading.digests.keys())
    reading.problems += unread
    reading.problems.sort(key=lambda one: (order.get(one.file, -1), one.line, one.column))
    # What an alias stands for has one place, however often it is used.
    problems = tuple(dict.fromkeys(reading.problems))
    errors = tuple(problem for problem in problems if problem.severity == "error")
    if errors:
        raise ConfigurationError(errors)
    table = RuleTable.of(tuple(rule for source in sources for _, rule in source.rules), reading.revision, intervals)
    return Loaded(table, problems, tuple(reading.digests), reading.digests, sources, tuple(unread))


def _sources(reading: Reading) -> tuple[Source, ...]:
    """Return the parts made ready, wrong ones too: what refers to them is looked at all the same."""
    files, problems = reading.files, reading.problems
    guides: dict[str, Guide] = {}
    places: dict[str, str] = {}
    for file in files:
        for name, text in file.guides.items():
            where: Place = ("guides", name)
            guide, found = make_guide(file.document, name, text, file.named(name), file.lost)
            problems += found
            if _is_new(file, name, where, "guide", places, problems):
                guides[file.named(name)] = guide
    sources = []
    rule_places: dict[str, str] = {}
    for file in files:
        rules: list[tuple[int, Rule]] = []
        for position, rule in file.rules:
            where = ("rules", position, "name")
            if rule.name:
                _is_new(file, rule.name, where, "rule", rule_places, problems)
            made, found = make_rule(file, position, rule, guides, all_guides=reading.names_guides)
            problems += found
            if made is not None:
                rules.append((position, made))
        mine = ((name, guides.get(file.named(name))) for name in file.guides)
        sources.append(Source(
            file.document, tuple(rules), tuple((name, guide) for name, guide in mine if guide is not None), file.pack,
            file.path,
        ))  # fmt: skip
    return tuple(sources)


def _connected(
    sources: tuple[Source, ...], connections: Configured, every: frozenset[str], problems: list[Problem]
) -> tuple[Source, ...]:
    """Return the sources, their guides knowing which connections an alert may choose."""
    documents = _documents(sources)
    rules = tuple(rule for source in sources for _, rule in source.rules)
    if "alertmanager" not in every and "default" not in connections.get("alertmanager", ()):
        for source in sources:
            problems += [
                problem_at(source.document, ("rules", position, "silence"), _NOTHING_TO_SILENCE, _SILENCE_HINT)
                for position, rule in source.rules if rule.text.silence != "never"
            ]  # fmt: skip
    made = iter(with_connections(rules, documents, connections, problems, every))
    return tuple(
        replace(source, rules=tuple((position, next(made)) for position, _ in source.rules)) for source in sources
    )


def _extras(sources: tuple[Source, ...], connections: Connections) -> list[Problem]:
    rules = [rule for source in sources for _, rule in source.rules]
    return list(missing_extras(rules, _documents(sources), connections))


def _documents(sources: tuple[Source, ...]) -> Mapping[str, Document]:
    """Return the file that each guide stands in, by the guide's name."""
    return {guide.name: source.document for source in reversed(sources) for _, guide in source.guides}


def _is_new(
    file: RuleFile, name: str, where: Place, kind: str, places: dict[str, str], problems: list[Problem]
) -> bool:
    """Whether nothing of this kind has the name yet; else a problem that shows both places."""
    on_key = kind == "guide"
    if file.pack and "/" in name:
        message = f'in a pack the name of a {kind} has no "/": the pack\'s name comes before it'
        problems.append(problem_at(file.document, where, message, on_key=on_key))
    whole = file.named(name)
    here = problem_at(file.document, where, "", on_key=on_key)
    if whole in places:
        message = f'the {kind} "{whole}" stands at {places[whole]} already'
        problems.append(problem_at(file.document, where, message, on_key=on_key))
        return False
    places[whole] = f"{here.file}:{here.line}:{here.column}"
    return True
