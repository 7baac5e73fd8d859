"""The shipped rule packs: where they are, which rows of a troubleshooting guide they hold, what a row does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from remediator.actions import registry
from remediator.core.problems import Problem, nearest
from remediator.core.records import RemedyPlan
from remediator.core.rules import Rule
from remediator.core.transitions import Mode, stricter
from remediator.errors import ConfigurationError
from remediator.interfaces.rule_files import load_rules

_PACKAGE = Path(__file__).resolve().parents[1]
_ROW = re.compile(r"([A-Z][A-Z0-9]*-[0-9]+)(?: |$)")


class Pack(Struct, frozen=True):
    """One shipped file and its rules, made ready; what it includes is among ``files``, beside it its tests."""

    name: str  #: the file's name without its ending
    file: Path
    rules: tuple[Rule, ...]
    files: tuple[Path, ...]  #: the file itself, those that it includes, and its tests

    @property
    def summary(self) -> str:
        """The first sentence of the comment at the top of the file."""
        comment: list[str] = []
        for line in self.file.read_text("utf-8").splitlines()[1:]:
            text = line.removeprefix("#").strip()
            if not line.startswith("#") or (comment and not text):
                break
            comment += [text] if text else []
        return " ".join(comment).partition(". ")[0].removesuffix(".") + "."


class Row(Struct, frozen=True):
    """A row of a troubleshooting guide: the rules whose names begin with its id."""

    name: str  #: such as Z2-3
    rules: tuple[Rule, ...]


def packs_folder() -> Path:
    """Return where the packs are: ``rules/`` of the source tree, else what the wheel brought."""
    beside = _PACKAGE.parent / "rules"
    return beside if (_PACKAGE.parent / "pyproject.toml").is_file() and beside.is_dir() else _PACKAGE / "packs"


def shipped(folder: Path | None = None) -> tuple[Pack, ...]:
    """Return all packs by name. Raises ConfigurationError when one cannot be read, or there is none."""
    where = folder or packs_folder()
    files = sorted(path for path in where.glob("*.yaml") if not path.stem.endswith("_test"))
    if not files:
        raise ConfigurationError((Problem(f"no packs are shipped in {where}"),))
    return tuple(_read(path) for path in files)


def pack_of(name: str) -> Pack:
    """Return the pack of this name; raises ConfigurationError that names the nearest."""
    where = packs_folder()
    names = sorted(path.stem for path in where.glob("*.yaml") if not path.stem.endswith("_test"))
    if name not in names:
        hint = nearest(name, names) or f"there are {', '.join(names)}"
        raise ConfigurationError((Problem(f'there is no pack "{name}"', hint=hint),))
    return _read(where / f"{name}.yaml")


def _read(path: Path) -> Pack:
    loaded = load_rules([path.name], path.parent)
    tests = path.with_name(f"{path.stem}_test.yaml")
    beside = (tests,) if tests.is_file() else ()
    own = str(path.name)
    rules = tuple(rule for rule in loaded.table.rules if Path(rule.file).name == own)
    return Pack(path.stem, path, rules, (*(file.resolve() for file in loaded.files), *beside))


def rows_of(pack: Pack) -> tuple[Row, ...]:
    """Return the pack's rows in their order."""
    found: dict[str, list[Rule]] = {}
    for rule in pack.rules:
        if fits := _ROW.match(rule.name.rpartition("/")[2]):
            found.setdefault(fits[1], []).append(rule)
    return tuple(Row(name, tuple(rules)) for name, rules in found.items())


def mode_of(rule: Rule, remedy: RemedyPlan) -> Mode:
    """Return how far this remedy goes alone: the strictest of rule, remedy, and what its actions ask for."""
    found = (registry.find(step.action) for step in remedy.steps)
    asks = any(action is not None and action.needs_approval for action in found)
    return stricter(rule.text.mode, remedy.mode, Mode.ASK if asks else Mode.AUTO)


def alerts_of(rule: Rule) -> str:
    """Return the rule's matchers as people write them."""
    return ", ".join(rule.text.match)


def actions_of(steps: Iterable[object]) -> Iterator[str]:
    """Yield the names of the actions of these steps, each once."""
    yield from dict.fromkeys(str(getattr(step, "action", "")) for step in steps)
