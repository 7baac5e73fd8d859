"""Run the checks on loaded rule files: findings become problems with places, comments switch them off."""

from __future__ import annotations

from collections.abc import Iterable

from remediator.actions import registry
from remediator.core.lint import Finding, GuideAt, RuleAt, Site, Subject, names, run
from remediator.core.matchers import Matcher, parse_matchers
from remediator.core.problems import Problem
from remediator.interfaces.documents import problem_at
from remediator.interfaces.rule_files.comments import Switches, read_switches
from remediator.interfaces.rule_files.load import Loaded, Source

Extra = Iterable[tuple[str, Finding]]
"""What other checks found, such as those that ask a Prometheus: name and finding."""


def subject_of(loaded: Loaded, site: Site | None = None, *, shared: bool = False) -> Subject:
    """Return the loaded files as the checks look at them."""
    rules = tuple(
        RuleAt(rule, source.document.file, ("rules", position), source.pack, _matchers(source, position))
        for source in loaded.sources
        for position, rule in source.rules
    )
    guides = tuple(
        GuideAt(guide, source.document.file, ("guides", key))
        for source in loaded.sources
        for key, guide in source.guides
    )
    return Subject(rules, guides, registry.find, site, shared)


def _matchers(source: Source, position: int) -> tuple[tuple[tuple[str | int, ...], Matcher], ...]:
    written = source.document.data["rules"][position]["match"]
    texts = enumerate(written) if isinstance(written, list) else [(None, written)]
    found = []
    for index, text in texts:
        path = ("rules", position, "match") if index is None else ("rules", position, "match", index)
        found += [(path, matcher) for matcher in parse_matchers(text).matchers]
    return tuple(found)


def lint(loaded: Loaded, subject: Subject, wanted: Iterable[str] | None = None, extra: Extra = ()) -> list[Problem]:
    """Return what the checks found and no comment switches off, in the order of files and lines.

    ``wanted``: names of checks; None: all. What the loader warned of is among it.
    """
    chosen = set(names() if wanted is None else wanted)
    documents = {source.document.file: source.document for source in loaded.sources}
    switches: dict[str, Switches] = {}
    problems = list(loaded.warnings)
    for file, document in documents.items():
        switches[file], wrong = read_switches(document, names())
        problems += wrong
    for name, found in (*run(subject, chosen), *extra):
        problems.append(
            problem_at(
                documents[found.file], found.path, found.message, found.hint, on_key=found.on_key, severity="warning",
                name=name,
            )
        )  # fmt: skip
    nothing = Switches()
    kept = [
        one for one in problems
        if (not one.name or one.name in chosen) and not switches.get(one.file, nothing).off(one.name, one.line)
    ]  # fmt: skip
    order = {file: position for position, file in enumerate(documents)}
    return sorted(dict.fromkeys(kept), key=lambda one: (order.get(one.file, -1), one.line, one.column, one.name))
