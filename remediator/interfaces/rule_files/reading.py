"""Find rule files, follow what they include, and read each into its parts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from remediator.core.file_names import FileNameError, checked_pattern
from remediator.core.guide import DefaultsText, GuideText, NamedIntervals, RuleFileText, RuleText
from remediator.core.problems import Problem
from remediator.errors import ConfigurationError
from remediator.interfaces.documents import Document, problem_at, read_document, validate
from remediator.interfaces.documents import Path as Place
from remediator.interfaces.rule_files.patterns import matching, passed_over, place_of
from remediator.interfaces.rule_files.salvage import Salvaged
from remediator.interfaces.rule_files.unread import hint_of
from remediator.interfaces.yaml_reading import LARGEST

MOST_FILES = 10_000  #: rule files in one table

Asker = tuple[Document, Place]
"""The document that patterns of rule files stand in, and the place of their list."""


class RuleFile(Struct, frozen=True):
    """A rule file's parts; of those that are wrong in themselves what is known."""

    document: Document
    rules: tuple[tuple[int, RuleText], ...]  #: with their positions
    guides: Mapping[str, GuideText]
    pack: str = ""
    include: tuple[str, ...] = ()
    defaults: DefaultsText = field(default_factory=DefaultsText)
    intervals: tuple[NamedIntervals, ...] = ()
    lost: frozenset[Place] = frozenset()  #: places of which nothing is known: they are wrong in themselves
    path: Path = Path()  #: where it was read

    def named(self, name: str) -> str:
        """Return how all other files call what is called ``name`` here."""
        return f"{self.pack}/{name}" if self.pack else name


class Reading(Struct):
    """All that was read, in the order in which rules are looked at."""

    root: Path
    problems: list[Problem] = field(default_factory=list)
    files: list[RuleFile] = field(default_factory=list)
    digests: dict[Path, str] = field(default_factory=dict)  #: of every file that was opened
    contents: list[bytes] = field(default_factory=list)
    unread: bool = False  #: whether there are files, or should be, of which nothing is known

    @property
    def names_guides(self) -> bool:
        """Whether all guides are known by name."""
        return not self.unread and not any(file.lost & {("guides",), ("pack",)} for file in self.files)

    @property
    def names_intervals(self) -> bool:
        """Whether all time intervals are known by name."""
        wrong = [place for file in self.files for place in file.lost if place[:1] == ("time_intervals",)]
        return not self.unread and all(len(place) > 2 and place[2:] != ("name",) for place in wrong)  # noqa: PLR2004 -- below one of them

    @property
    def revision(self) -> str:
        """Digest of all contents, in their order."""
        return hashlib.sha256(b"".join(self.contents)).hexdigest()[:12]

    def read(self, path: Path, asked_by: tuple[Document, int] | None = None) -> None:
        """Read a file and then what it includes, each once; what is wrong becomes a problem."""
        path = Path(os.path.normpath(path))
        if path in self.digests or len(self.digests) >= MOST_FILES:
            return
        shown = str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)
        self.digests[path] = ""
        try:
            data = read_file(path)
            self.digests[path] = digest_of(data)
            self.contents.append(data)
            # What is cut off here is refused for its size, not for the character in which it was cut.
            text = data.decode("utf-8", "strict" if len(data) <= LARGEST else "replace")
            file = replace(_parts(read_document(text, shown), self.problems), path=path)
        except ConfigurationError as error:
            self.problems += error.problems
            self.unread = True
            return
        except (OSError, UnicodeDecodeError) as error:
            self.unread = True
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            if asked_by is None:
                self.problems.append(Problem(f"cannot be read: {reason}", shown))
            else:
                document, position = asked_by
                message = f"the file {shown} cannot be read: {reason}"
                self.problems.append(problem_at(document, ("include", position), message))
            return
        self.files.append(file)
        self.unread = self.unread or any(place[:1] == ("include",) for place in file.lost)
        self._follow(file, path.parent)

    def _follow(self, file: RuleFile, folder: Path) -> None:
        for position, name in enumerate(file.include):
            if not name or "\0" in name:  # that has been told
                self.unread = True
            elif Path(name).is_absolute():
                self.unread = True
                message = "an included file is named relative to this one"
                self.problems.append(problem_at(file.document, ("include", position), message))
            else:
                self.read(folder / name, (file.document, position))


def read_file(path: Path) -> bytes:
    """Return what a file holds, and of one that is too large to be a rule file so much that it is seen. OSError."""
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def digest_of(data: bytes) -> str:
    """Return what tells one content of a file from another."""
    return hashlib.sha256(data).hexdigest()


def find_files(
    patterns: Iterable[str], root: Path, problems: list[Problem], asked_by: Asker | None = None
) -> tuple[Path, ...]:
    """Return the files that the patterns name, each once. A pattern that names none is a problem, where it stands."""
    found: dict[Path, None] = {}
    for position, pattern in enumerate(patterns):
        try:
            start, rest = place_of(checked_pattern(pattern), root)
        except FileNameError as error:
            message = f'no files can be found by "{pattern}": {error}'
            problems.append(_at(asked_by, position, message, error.hint))
            continue
        problems += _unlisted(start, rest)
        try:
            files = matching(start, rest)
        except OSError as error:  # a folder that vanished meanwhile, no descriptor left
            problems.append(_at(asked_by, position, f'"{pattern}" cannot be looked for: {error.strerror or error}'))
            continue
        if not files:
            message = f'no rule file matches "{pattern}" (looked in {start})'
            problems.append(_at(asked_by, position, message, hint_of(passed_over(start, rest))))
        found.update(dict.fromkeys(files))
    return tuple(found)


def _at(asked_by: Asker | None, position: int, message: str, hint: str = "") -> Problem:
    """Return a problem at the pattern with this position. One from the command line has no place."""
    if asked_by is None:
        return Problem(message, hint=hint)
    document, place = asked_by
    written = (*place, position) if (*place, position) in document.places else place
    if written not in document.places:
        message += f"; this is the default of {place[-1]}"
    return problem_at(document, written, message, hint)


def _unlisted(start: Path, pattern: str) -> list[Problem]:
    """Return the folders that cannot be listed: ``glob`` passes over them, and the rules in them would be gone."""
    parts = Path(pattern).parts
    fixed = next((number for number, part in enumerate(parts) if set(part) & set("*?[")), len(parts) - 1)
    found: list[Problem] = []

    def note(error: OSError) -> None:
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            found.append(Problem(f"the folder cannot be listed: {error.strerror or error}", str(error.filename)))

    for _, below, _ in os.walk(start.joinpath(*parts[:fixed]), onerror=note):
        if "**" not in parts:
            below.clear()
    return found


def _parts(document: Document, problems: list[Problem]) -> RuleFile:
    """Return the file's parts: what is wrong with one of them hides nothing of the others."""
    try:
        text = validate(document, RuleFileText)
        return RuleFile(
            document, tuple(enumerate(text.rules)), text.guides, text.pack or "", text.include, text.defaults,
            text.time_intervals,
        )  # fmt: skip
    except ConfigurationError as error:
        problems += error.problems
    salvaged = Salvaged()
    text = salvaged.made(RuleFileText, document.data)
    return RuleFile(
        document, tuple(enumerate(text.rules)), text.guides, text.pack or "", text.include, text.defaults,
        text.time_intervals, frozenset(salvaged.lost),
    )  # fmt: skip
