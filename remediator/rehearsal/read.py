"""Read files of unit tests, and say all that is wrong with them before anything is played."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from pydantic import BaseModel

from remediator.actions import registry
from remediator.core.action import Action
from remediator.core.problems import Problem, nearest
from remediator.core.rules import Guide, RuleTable
from remediator.errors import ConfigurationError
from remediator.interfaces import documents
from remediator.interfaces.documents import Document, problem_at, read_document, validate
from remediator.interfaces.rule_files import load_rules
from remediator.rehearsal.documents import MOST_POSTED, AnswerText, TestFileText, TestText
from remediator.rehearsal.expectations import ChangeText

Actions = Mapping[str, tuple[Action[Any, Any], ...]]
Tables = dict[tuple[object, ...], RuleTable]
"""Rule tables that were read, by their files and the connections that they were read with."""


class TestFile(Struct, frozen=True):
    """A file of unit tests, with the rules that it is about."""

    __test__ = False  #: pytest looks at names

    path: Path
    document: Document
    text: TestFileText
    table: RuleTable
    connections: Mapping[str, Mapping[str, BaseModel]] = field(default_factory=dict)
    reloaded: Mapping[tuple[str, ...], RuleTable] = field(default_factory=dict)  #: by the files that a test reloads

    def place(self, *path: str | int) -> str:
        """Return ``file:line`` of what stands there, or of what is nearest to it."""
        problem = problem_at(self.document, path, "", on_key=True)
        return f"{problem.file}:{problem.line}"


def find_tests(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the files of unit tests that are named, or that lie in a folder that is; each once.

    Raises ConfigurationError for a path that names none.
    """
    found: dict[Path, None] = {}
    problems = []
    for path in paths:
        files = (
            sorted(file for end in ("yaml", "yml") for file in path.rglob(f"*_test.{end}")) if path.is_dir() else [path]
        )
        if not files:
            problems.append(Problem("no unit tests of rules lie here; their files are called *_test.yaml", str(path)))
        found.update(dict.fromkeys(files))
    if problems:
        raise ConfigurationError(tuple(problems))
    return tuple(found)


def read_tests(path: Path, tables: Tables | None = None) -> TestFile:
    """Return the tests of a file. Raise ConfigurationError with everything that is wrong with it.

    ``tables`` keeps rule tables from file to file: most tests of a pack are about the same one.
    """
    try:
        document = read_document(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError((Problem(f"cannot be read: {reason}", str(path)),)) from error
    text = validate(document, TestFileText)
    connections = _connections(document, text)
    tables = tables if tables is not None else {}
    read = partial(_table, path.parent.resolve(), connections, tables)
    others = {reload.rule_files for test in text.tests for reload in test.reloads if reload.rule_files}
    file = TestFile(
        path, document, text, read(text.rule_files), connections, {files: read(files) for files in sorted(others)}
    )  # fmt: skip
    if problems := tuple(sorted(_problems(file), key=lambda problem: (problem.line, problem.column))):
        raise ConfigurationError(problems)
    return file


def _connections(document: Document, text: TestFileText) -> Mapping[str, Mapping[str, BaseModel]]:
    """Return the connections that the file describes. Raise ConfigurationError."""
    made: dict[str, dict[str, BaseModel]] = {}
    problems: list[Problem] = []
    for system, named in text.connections.items():
        model = registry.connection_model(system)
        if model is None:
            message, hint = f'no system "{system}" takes connections', nearest(system, registry.systems())
            problems.append(problem_at(document, ("connections", system), message, hint, on_key=True))
            continue
        for name in named:
            try:
                made.setdefault(system, {})[name] = validate(document, model, ("connections", system, name))
            except ConfigurationError as error:
                problems += error.problems
    if problems:
        raise ConfigurationError(tuple(problems))
    return made


def _table(
    root: Path, connections: Mapping[str, Mapping[str, BaseModel]], tables: Tables, files: tuple[str, ...]
) -> RuleTable:
    key = (
        tuple(root / pattern for pattern in files),
        tuple((name, *sorted(connections[name])) for name in connections),
    )
    if key not in tables:
        # Of a system that is not described every connection exists.
        tables[key] = load_rules(
            files, root, connections or None, every=frozenset(registry.systems()) - set(connections)
        ).table
    return tables[key]


def guides_of(table: RuleTable) -> Mapping[str, Guide]:
    """Return the guides that rules use, by name."""
    return {rule.guide.name: rule.guide for rule in table.rules}


def _problems(file: TestFile) -> Iterator[Problem]:
    known: dict[str, tuple[Action[Any, Any], ...]] = {}
    for table in (file.table, *file.reloaded.values()):
        for key, actions in _calls(table).items():
            known[key] = tuple(dict.fromkeys((*known.get(key, ()), *actions)))
    names: dict[str, int] = {}
    yield from _answers(file, ("answers",), file.text.answers, known)
    for number, test in enumerate(file.text.tests):
        place: documents.Path = ("tests", number)
        if test.name in names:
            yield problem_at(file.document, (*place, "name"), "another test has this name already")
        names[test.name] = number
        yield from _answers(file, (*place, "answers"), test.answers, known)
        yield from _named(file, place, test)
        yield from _posts(file, place, test)


def _posts(file: TestFile, place: documents.Path, test: TestText) -> Iterator[Problem]:
    """Say which alert is one too many: all posts of a test are held in memory."""
    total = 0
    for number in range(len(test.alerts)):
        total += test.posted(number)
        if total > MOST_POSTED:
            message = f"with this one alerts would be posted {total:,} times; {MOST_POSTED:,} are the most in a test"
            hint = "take fewer copies, a longer every, or an earlier until"
            yield problem_at(file.document, (*place, "alerts", number), message, hint)
            return


def _calls(table: RuleTable) -> Actions:
    """Return what an answer can be for (``pool``, ``high-latency/pool``, ``http.probe``), and the actions there."""
    found: dict[str, dict[str, Action[Any, Any]]] = {}
    for guide in guides_of(table).values():
        steps = [*guide.diagnose, *(step for remedy in guide.remedies for step in remedy.steps)]
        for step in [*steps, *(guide.verify.conditions if guide.verify else ())]:
            action = registry.find(step.action)
            if action is not None:
                for key in (step.id, f"{guide.name}/{step.id}", step.action):
                    found.setdefault(key, {})[action.name] = action
    return {key: tuple(actions.values()) for key, actions in found.items()}


def _answers(
    file: TestFile, place: documents.Path, answers: Mapping[str, tuple[AnswerText, ...]], known: Actions
) -> Iterator[Problem]:
    for key, given in answers.items():
        where = (*place, key)
        if key not in known:
            message = f'no step and no action of these rules is called "{key}"'
            yield problem_at(file.document, where, message, nearest(key, known), on_key=True)
            continue
        listed = (*where, 0) in file.document.places
        for number, answer in enumerate(given):
            if answer.outputs is not None:
                yield from _outputs(file, (*where, number, "outputs") if listed else (*where, "outputs"), known[key])


def _outputs(file: TestFile, where: documents.Path, actions: tuple[Action[Any, Any], ...]) -> tuple[Problem, ...]:
    """Return what is wrong with outputs; they must be right for one of the actions that they may be of."""
    first: tuple[Problem, ...] = ()
    for action in actions:
        try:
            validate(file.document, action.outputs, where)
        except ConfigurationError as error:
            first = first or error.problems
        else:
            return ()
    return first


def _named(file: TestFile, place: documents.Path, test: TestText) -> Iterator[Problem]:
    """Say which names of rules, remedies and actions there are not."""
    tables = (file.table, *(file.reloaded[reload.rule_files] for reload in test.reloads if reload.rule_files))
    rules = {rule.name for table in tables for rule in table.rules}
    remedies = {remedy.name for table in tables for guide in guides_of(table).values() for remedy in guide.remedies}
    for number, run in enumerate(test.expect.runs):
        where = (*place, "expect", "runs", number)
        yield from _name(file, (*where, "rule"), "rule", run.rule, rules)
        for position, remedy in enumerate(run.remedies or ()):
            yield from _name(file, (*where, "remedies", position), "remedy", remedy, remedies)
        yield from _changes(file, (*where, "steps"), run.steps or ())
        yield from _changes(file, (*where, "would"), run.would or ())
    for number, approval in enumerate(test.approvals):
        yield from _name(file, (*place, "approvals", number, "rule"), "rule", approval.rule, rules)
    for number, undo in enumerate(test.undos):
        yield from _name(file, (*place, "undos", number, "rule"), "rule", undo.rule, rules)
    for number, reload in enumerate(test.reloads):
        for name in reload.edit:
            yield from _name(file, (*place, "reloads", number, "edit", name), "rule", name, rules, on_key=True)
        for position, name in enumerate(reload.remove):
            yield from _name(file, (*place, "reloads", number, "remove", position), "rule", name, rules)
    for number, pause in enumerate(test.pauses):
        if pause.scope.startswith("rule:"):
            where = (*place, "pauses", number, "scope")
            yield from _name(file, where, "rule", pause.scope.removeprefix("rule:"), rules)


def _changes(file: TestFile, where: documents.Path, changes: tuple[ChangeText, ...]) -> Iterator[Problem]:
    for position, change in enumerate(changes):
        action = registry.find(change.action)
        if action is None:
            known = registry.of_system(change.action.partition(".")[0]) or registry.systems()
            message, hint = f'there is no action "{change.action}"', nearest(change.action, known)
            yield problem_at(file.document, (*where, position, change.action), message, hint, on_key=True)
            continue
        fields = {name for key, field in action.parameters.model_fields.items() for name in (key, field.alias or key)}
        for name in change.args:
            if name not in fields:
                message = f'{change.action} has no argument "{name}"'
                yield problem_at(
                    file.document, (*where, position, change.action, name), message, nearest(name, fields), on_key=True
                )


def _name(
    file: TestFile, where: documents.Path, kind: str, name: str | None, known: set[str], *, on_key: bool = False
) -> Iterator[Problem]:
    if name is not None and name not in known:
        yield problem_at(file.document, where, f'there is no {kind} "{name}"', nearest(name, known), on_key=on_key)
